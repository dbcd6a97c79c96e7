// A batch of canvases and the surface that libmypaint paints them through.
#pragma once

#include <cstdint>
#include <vector>

#include "brush.h"
#include "dab.h"

namespace spiral {

// Canvases of one size: four planes (red, green, blue, alpha) of 15-bit fixed point each, premultiplied.
class CanvasBatch {
  public:
    CanvasBatch(int count, int height, int width);

    int count() const { return count_; }
    int height() const { return height_; }
    int width() const { return width_; }
    Rect bounds() const { return {0, 0, width_, height_}; }

    std::uint16_t* plane(int canvas, int channel) {
        return pixels_.data() + canvas * canvas_stride_ + channel * plane_size_;
    }
    const std::uint16_t* plane(int canvas, int channel) const {
        return pixels_.data() + canvas * canvas_stride_ + channel * plane_size_;
    }
    std::size_t plane_size() const { return plane_size_; }

    // While every pixel of a canvas is opaque and no dab erases, its alpha needs no work.
    bool opaque(int canvas) const { return opaque_[canvas]; }
    void set_opaque(int canvas, bool opaque) { opaque_[canvas] = opaque; }

    void clear(int canvas, const double color[3]);

    // Straight sRGB bytes, as libmypaint's own tools round them; alpha is laid over white.
    void to_bytes(int canvas, const Rect& rect, std::uint8_t* out, std::size_t out_stride) const;

  private:
    int count_, height_, width_;
    std::size_t plane_size_, canvas_stride_;
    std::vector<std::uint16_t> pixels_;
    std::vector<char> opaque_;
};

// A libmypaint surface that draws dabs straight into one canvas of a batch. Not shared between threads.
class PaintSurface {
  public:
    explicit PaintSurface(CanvasBatch& canvases);
    // Dabs go to this canvas from now on.
    void on(int canvas);
    MyPaintSurface* surface() { return &vtable_.parent; }
    // The pixels touched since then.
    Rect dirty() const { return dirty_; }

    void draw(Dab dab);
    void sample(float x, float y, float radius, float* r, float* g, float* b, float* a) const;

  private:
    MyPaintSurface2 vtable_{};  // first, so that libmypaint's pointer is ours
    CanvasBatch* canvases_;
    int canvas_ = 0;
    Rect dirty_;
    std::vector<float> coverage_;
    std::vector<std::uint16_t> mask_;
};

}  // namespace spiral
