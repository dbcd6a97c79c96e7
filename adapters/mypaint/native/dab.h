// One dab: the stamp that libmypaint asks a surface for, its mask and how it meets the canvas.
//
// All pixel arithmetic is libmypaint's own 15-bit fixed point (0 .. 32768), so that our canvases hold the very
// bytes that libmypaint's tiled surface would hold; tests compare the two bit by bit.
#pragma once

#include <algorithm>
#include <cstdint>

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

// The pixels that a dab may touch.
Rect dab_rect(const Dab& dab);

// Everything about a dab's shape that is the same for each of its pixels.
struct DabShape {
    explicit DabShape(const Dab& dab);
    float x, y, aspect, sn, cs, one_over_radius2;
    float hardness, offset1, slope1, offset2, slope2;
    float antialias_start;
    bool antialiased;
    bool upright;  // no rotation and round: the rotated form gives the same numbers, only slower
};

// The coverage of the pixels left .. left + count - 1 of row y, in [0, 1].
void dab_row(const DabShape& shape, int left, int y, int count, float* coverage);

// The same in fixed point, truncated as libmypaint does.
void quantize_row(const float* coverage, int count, std::uint16_t* mask);

// plane += (color - plane) * mask * opacity, in fixed point, over one row.
void blend_row(const std::uint16_t* mask, int count, std::uint32_t opacity, std::int32_t color, std::uint16_t* plane);

// The same when the dab also erases: alpha < kOne scales what is put on, not what is taken off.
void blend_erase_row(const std::uint16_t* mask, int count, std::uint32_t opacity, std::uint32_t alpha,
                     std::uint32_t color, std::uint16_t* plane);

}  // namespace spiral
