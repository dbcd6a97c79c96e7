// One dab: the stamp that libmypaint asks a surface for, its mask and how it meets the canvas.
//
// All pixel arithmetic is libmypaint's own 15-bit fixed point (0 .. 32768), so that our canvases hold the very
// bytes that libmypaint's tiled surface would hold; tests compare the two bit by bit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SPIRAL_SIMD __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SPIRAL_SIMD
#endif

namespace spiral {

constexpr int kOne = 1 << 15;  // 1.0 in libmypaint's fixed point

// Pixels left <= x < right, top <= y < bottom.
struct Rect {
    int left = 0, top = 0, right = 0, bottom = 0;

    bool empty() const { return right <= left || bottom <= top; }
    int width() const { return right - left; }
    int height() const { return bottom - top; }
    std::int64_t area() const { return empty() ? 0 : std::int64_t{width()} * height(); }

    Rect meet(const Rect& o) const {
        return {std::max(left, o.left), std::max(top, o.top), std::min(right, o.right), std::min(bottom, o.bottom)};
    }
    void join(const Rect& o) {
        if (o.empty()) return;
        if (empty()) {
            *this = o;
            return;
        }
        left = std::min(left, o.left);
        top = std::min(top, o.top);
        right = std::max(right, o.right);
        bottom = std::max(bottom, o.bottom);
    }
};

struct Dab {
    float x, y, radius, hardness, aspect, angle;  // angle in degrees
    float opaque;
    float r, g, b;
    float alpha;  // 1 paints; less also erases towards that alpha
    float lock_alpha, colorize, posterize, posterize_num, paint;
};

// Clamps the dab as libmypaint does; false if it draws nothing.
bool prepare_dab(Dab& dab);

// The pixels that a dab may touch, as libmypaint bounds them; generous.
Rect dab_rect(const Dab& dab);

// Everything about a dab's shape that is the same for each of its pixels.
struct DabShape {
    explicit DabShape(const Dab& dab);
    float x, y, radius, aspect, sn, cs, one_over_radius2;
    float hardness, offset1, slope1, offset2, slope2;
    float antialias_start;
    bool antialiased;
    bool upright;  // no rotation and round: the rotated form gives the same numbers, only slower

    // The pixels that have any coverage; tight but for a hundredth of a pixel.
    Rect rect() const;
};

// The coverage of the pixels left .. left + count - 1 of row y, in [0, 1].
void dab_row(const DabShape& shape, int left, int y, int count, float* coverage);

// The same in fixed point, truncated as libmypaint does.
void quantize_row(const float* coverage, int count, std::uint16_t* mask);

constexpr int kLanes = 16;  // pixels that one step of a kernel takes
constexpr int kWideLanes = 2 * kLanes;  // and one of those for wide dabs

// What a dab puts on a canvas, in fixed point.
struct DabInk {
    std::uint16_t color[4];  // red, green, blue; alpha, which is kOne
    std::uint16_t opacity;
    std::uint16_t alpha;  // less than kOne erases: it scales what is put on, not what is taken off
};

// Four planes of one canvas. Kernels may read and write back kWideLanes pixels past the end of the last one.
struct Planes {
    std::uint16_t* first;
    std::size_t plane_size;
    int width;
};

// plane += (color - plane) * coverage * opacity over the pixels of `rect`, which lies on the canvas and within
// the dab. `with_alpha` is false where the canvas is opaque.
void paint_dab(const DabShape& shape, const Rect& rect, const DabInk& ink, bool with_alpha, const Planes& planes);

// The same for a dab that also erases; always with alpha.
void paint_erasing_dab(const DabShape& shape, const Rect& rect, const DabInk& ink, const Planes& planes);

// The instruction sets that this processor has kernels for, best first, and another choice of them: every set
// paints the same bytes, which only a test can want to see.
std::vector<std::string> instruction_sets();
void use_instruction_set(const std::string& name);

}  // namespace spiral
