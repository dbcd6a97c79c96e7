// What draws the strokes of a list of brushes. Not shared between threads.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "brush.h"
#include "plain_brush.h"

namespace spiral {

class BrushSet {
  public:
    // libmypaint's engine with this brush, made when first asked for.
    Brush& engine(const std::vector<BrushSpec>& specs, int index);

    // Draws a stroke that depends on nothing but its own row and seed, as Brush::draw does: by the short cut
    // where the brush is plain, which places the very same dabs, and by libmypaint's engine where it is not.
    template <class Surface>
    void draw(const std::vector<BrushSpec>& specs, int index, Surface& surface, const StrokeRow& stroke,
              std::int32_t seed, double width_px, int fixed_events = 0) {
        if (PlainBrush* brush = plain(specs, index)) {
            brush->draw(stroke, seed, width_px, fixed_events, [&surface](const Dab& dab) { surface.draw(dab); });
        } else {
            engine(specs, index).draw(surface.surface(), stroke, seed, width_px, fixed_events);
        }
    }

  private:
    PlainBrush* plain(const std::vector<BrushSpec>& specs, int index);

    std::vector<std::unique_ptr<Brush>> engines_;
    std::vector<std::optional<PlainBrush>> plain_;  // as many as have been looked at
};

}  // namespace spiral
