// The alpha of one stroke on its own: what the planner needs to know of a candidate.
#pragma once

#include <cstdint>
#include <vector>

#include "brush.h"
#include "dab.h"

namespace spiral {

// Rows of every plane in planning are this long: kernels may read and write kLanes past the last pixel.
inline int padded(int width) { return (width + kLanes - 1) / kLanes * kLanes + kLanes; }

// A libmypaint surface that accumulates coverage instead of painting. Not shared between threads.
class CoverageSurface {
  public:
    CoverageSurface(int height, int width);
    MyPaintSurface* surface() { return &vtable_.parent; }

    int stride() const { return stride_; }
    const float* row(int y) const { return plane_.data() + std::size_t(y) * stride_; }
    // The pixels touched since `start`, all inside its window.
    const Rect& rect() const { return rect_; }
    // Did a dab reach over the window?
    bool spilled() const { return spilled_; }

    // Forgets everything and accepts dabs inside `window` only.
    void start(const Rect& window);
    void draw(Dab dab);

  private:
    MyPaintSurface2 vtable_{};  // first, so that libmypaint's pointer is ours
    int height_, width_, stride_;
    Rect window_, rect_;
    bool spilled_ = false;
    std::vector<float> plane_;
};

}  // namespace spiral
