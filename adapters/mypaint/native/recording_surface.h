// A surface that draws nothing and remembers each dab it is asked for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "dab.h"

extern "C" {
#include <mypaint-surface.h>
}

namespace spiral {

constexpr std::size_t kDabColumns = 13;

class RecordingSurface {
  public:
    RecordingSurface() {
        vtable_.parent.draw_dab = [](MyPaintSurface* self, float x, float y, float radius, float r, float g, float b,
                                     float opaque, float hardness, float alpha, float aspect, float angle,
                                     float lock_alpha, float colorize) -> int {
            reinterpret_cast<RecordingSurface*>(self)->draw({x, y, radius, hardness, aspect, angle, opaque, r, g, b,
                                                             alpha, lock_alpha, colorize, 0, 0, 0});
            return 1;
        };
        vtable_.parent.get_color = [](MyPaintSurface*, float, float, float, float* r, float* g, float* b, float* a) {
            *r = *g = *b = *a = 0;
        };
    }
    MyPaintSurface* surface() { return &vtable_.parent; }
    void draw(const Dab& d) {
        // An ellipse wider than long is drawn round.
        dabs_.insert(dabs_.end(), {d.x, d.y, d.radius, d.hardness, std::max(d.aspect, 1.0f), d.angle, d.opaque, d.r, d.g,
                                   d.b, d.alpha, d.lock_alpha, d.colorize});
    }
    // The dabs so far, kDabColumns numbers each; none are left.
    std::vector<float> take() { return std::exchange(dabs_, {}); }

  private:
    MyPaintSurface2 vtable_{};  // first, so that libmypaint's pointer is ours
    std::vector<float> dabs_;
};

}  // namespace spiral
