// The shape of a dab and the row kernels. The formulas are the definition of a libmypaint dab (ISC licence,
// (C) Martin Renold et al.); written row-wise and without branches, so that compilers make SIMD of them.
// Compiled without contraction to fused multiply-add: the same bytes on every machine.
#include "dab.h"

#include <cmath>

namespace spiral {

bool prepare_dab(Dab& d) {
    auto unit = [](float v) { return std::clamp(v, 0.0f, 1.0f); };
    d.opaque = unit(d.opaque);
    d.hardness = unit(d.hardness);
    d.lock_alpha = unit(d.lock_alpha);
    d.colorize = unit(d.colorize);
    d.posterize = unit(d.posterize);
    d.paint = unit(d.paint);
    d.alpha = unit(d.alpha);
    d.r = unit(d.r);
    d.g = unit(d.g);
    d.b = unit(d.b);
    d.aspect = std::max(d.aspect, 1.0f);
    return std::isfinite(d.x) && std::isfinite(d.y) && d.radius >= 0.1f && d.hardness != 0.0f && d.opaque != 0.0f;
}

Rect dab_rect(const Dab& d) {
    const float fringe = d.radius + 1.0f;
    return {static_cast<int>(std::floor(d.x - fringe)), static_cast<int>(std::floor(d.y - fringe)),
            static_cast<int>(std::floor(d.x + fringe)) + 1, static_cast<int>(std::floor(d.y + fringe)) + 1};
}

DabShape::DabShape(const Dab& d)
    : x(d.x), y(d.y), aspect(d.aspect), one_over_radius2(1.0f / (d.radius * d.radius)), hardness(d.hardness) {
    // Opacity falls along two straight lines over the squared distance, meeting at (hardness, hardness).
    offset1 = 1.0f;
    slope1 = -(1.0f / hardness - 1.0f);
    offset2 = hardness / (1.0f - hardness);
    slope2 = -hardness / (1.0f - hardness);
    const float angle = d.angle / 360 * 2 * M_PI;
    if (angle == 0.0f) {
        cs = 1.0f;
        sn = 0.0f;
    } else {
        cs = static_cast<float>(std::cos(static_cast<double>(angle)));
        sn = static_cast<float>(std::sin(static_cast<double>(angle)));
    }
    antialiased = d.radius < 3.0f;
    antialias_start = d.radius > 1.0f ? d.radius - 1.0f : 0.0f;
    antialias_start *= antialias_start / aspect;
    upright = angle == 0.0f && aspect == 1.0f;
}

namespace {

inline float opacity_at(const DabShape& s, float rr) {
    const bool inner = rr <= s.hardness;
    const float opa = (inner ? s.offset1 : s.offset2) + rr * (inner ? s.slope1 : s.slope2);
    return rr > 1.0f ? 0.0f : opa;
}

inline float distance2(float x, float y, float aspect, float sn, float cs) {
    const float yyr = (y * cs - x * sn) * aspect;
    const float xxr = y * sn + x * cs;
    return yyr * yyr + xxr * xxr;
}

SPIRAL_SIMD void row_upright(const DabShape s, int left, float yy, int count, float* __restrict out) {
    const float yy2 = yy * yy;
    for (int i = 0; i < count; ++i) {
        const float xx = static_cast<float>(left + i) + 0.5f - s.x;
        out[i] = opacity_at(s, (yy2 + xx * xx) * s.one_over_radius2);
    }
}

SPIRAL_SIMD void row_rotated(const DabShape s, int left, float yy, int count, float* __restrict out) {
    for (int i = 0; i < count; ++i) {
        const float xx = static_cast<float>(left + i) + 0.5f - s.x;
        out[i] = opacity_at(s, distance2(xx, yy, s.aspect, s.sn, s.cs) * s.one_over_radius2);
    }
}

// Small dabs (radius below 3 px): how much of each pixel is covered is estimated from the nearest and a far
// point of the pixel.
SPIRAL_SIMD void row_antialiased(const DabShape s, int left, int row, int count, float* __restrict out) {
    const float bottom = s.y - static_cast<float>(row);
    const float center_y = bottom - 0.5f;
    const float top = bottom - 1.0f;
    const float rad_area_1 = sqrtf(static_cast<float>(1.0f / M_PI));
    const float line2 = s.cs * s.cs + s.sn * s.sn;
    for (int i = 0; i < count; ++i) {
        const float right = s.x - static_cast<float>(left + i);
        const float center_x = right - 0.5f;
        const float lft = right - 1.0f;
        const float t = (center_x * s.cs + center_y * s.sn) / line2;
        float nx = s.cs * t;
        float ny = s.sn * t;
        nx = nx > right ? right : (nx < lft ? lft : nx);
        ny = ny > bottom ? bottom : (ny < top ? top : ny);
        const bool inside = (lft < 0) & (right > 0) & (top < 0) & (bottom > 0);
        nx = inside ? 0.0f : nx;
        ny = inside ? 0.0f : ny;
        const float rr_near = inside ? 0.0f : distance2(nx, ny, s.aspect, s.sn, s.cs) * s.one_over_radius2;
        const float side = (center_x - s.cs) * s.sn - s.cs * (center_y + s.sn);
        const float sign = side < 0 ? 1.0f : -1.0f;
        const float fx = nx - sign * (s.sn * rad_area_1);
        const float fy = ny + sign * (s.cs * rad_area_1);
        const float far = distance2(fx, fy, s.aspect, s.sn, s.cs);
        const float rr_far = far * s.one_over_radius2;
        const float plain = (rr_far + rr_near) * 0.5f;
        const float visible = (1.0f - rr_near) / (1.0f + (rr_far - rr_near));
        float rr = far < s.antialias_start ? plain : 1.0f - visible;
        rr = rr_near > 1.0f ? rr_near : rr;
        out[i] = opacity_at(s, rr);
    }
}

}  // namespace

void dab_row(const DabShape& s, int left, int y, int count, float* out) {
    if (s.antialiased) {
        row_antialiased(s, left, y, count, out);
        return;
    }
    const float yy = static_cast<float>(y) + 0.5f - s.y;
    if (s.upright) {
        row_upright(s, left, yy, count, out);
    } else {
        row_rotated(s, left, yy, count, out);
    }
}

SPIRAL_SIMD void quantize_row(const float* __restrict coverage, int count, std::uint16_t* __restrict mask) {
    for (int i = 0; i < count; ++i) mask[i] = static_cast<std::uint16_t>(static_cast<std::int32_t>(coverage[i] * kOne));
}

SPIRAL_SIMD void blend_row(const std::uint16_t* __restrict mask, int count, std::uint32_t opacity, std::int32_t color,
                           std::uint16_t* __restrict plane) {
    for (int i = 0; i < count; ++i) {
        const std::int32_t a = static_cast<std::int32_t>(mask[i] * opacity >> 15);
        const std::int32_t p = plane[i];
        plane[i] = static_cast<std::uint16_t>(p + ((a * (color - p)) >> 15));
    }
}

SPIRAL_SIMD void blend_erase_row(const std::uint16_t* __restrict mask, int count, std::uint32_t opacity,
                                 std::uint32_t alpha, std::uint32_t color, std::uint16_t* __restrict plane) {
    for (int i = 0; i < count; ++i) {
        const std::uint32_t a = mask[i] * opacity >> 15;
        const std::uint32_t put = a * alpha >> 15;
        plane[i] = static_cast<std::uint16_t>((put * color + (kOne - a) * plane[i]) >> 15);
    }
}

}  // namespace spiral
