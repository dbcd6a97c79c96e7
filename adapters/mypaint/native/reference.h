// libmypaint's own tiled surface, driven stroke by stroke: what our surface is compared with.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "brush.h"

extern "C" {
#include <mypaint-fixed-tiled-surface.h>
#include <mypaint-tiled-surface.h>
}

namespace spiral {

constexpr int kTile = MYPAINT_TILE_SIZE;

// The fixed tiled surface that libmypaint ships, or the same over its extended interface for pigment brushes.
// Width and height must be multiples of the tile size.
class ReferenceSurface {
  public:
    ReferenceSurface(int height, int width, bool extended);
    ~ReferenceSurface();
    ReferenceSurface(const ReferenceSurface&) = delete;
    ReferenceSurface& operator=(const ReferenceSurface&) = delete;

    MyPaintSurface* surface() const { return surface_; }
    int height() const { return height_; }
    int width() const { return width_; }
    int tiles_high() const { return height_ / kTile; }
    int tiles_wide() const { return width_ / kTile; }
    const std::uint16_t* tile(int ty, int tx) const;

    void clear(const double color[3]);
    void begin_atomic();
    void end_atomic();
    // Straight colours in [0, 1], interleaved RGB.
    void to_floats(float* out) const;

  private:
    struct Extended;
    std::uint16_t* tile_memory(int ty, int tx) const;

    int height_, width_;
    MyPaintSurface* surface_;
    std::unique_ptr<Extended> extended_;
};

}  // namespace spiral
