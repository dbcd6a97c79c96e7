// The shape of a dab and the row kernels. The formulas are the definition of a libmypaint dab (ISC licence,
// (C) Martin Renold et al.); written row-wise and without branches, so that compilers make SIMD of them.
// Compiled without contraction to fused multiply-add: the same bytes on every machine.
#include "dab.h"

#include <cmath>
#include <cstring>
#include <stdexcept>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SPIRAL_X86 1
#include <immintrin.h>
#endif

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

namespace {

float radians(float degrees) { return degrees / 360 * 2 * M_PI; }
float cosine(float angle) { return static_cast<float>(std::cos(static_cast<double>(angle))); }
float sine(float angle) { return static_cast<float>(std::sin(static_cast<double>(angle))); }

}  // namespace

DabShape::DabShape(const Dab& d)
    : x(d.x), y(d.y), radius(d.radius), aspect(d.aspect), one_over_radius2(1.0f / (d.radius * d.radius)), hardness(d.hardness) {
    // Opacity falls along two straight lines over the squared distance, meeting at (hardness, hardness).
    offset1 = 1.0f;
    slope1 = -(1.0f / hardness - 1.0f);
    offset2 = hardness / (1.0f - hardness);
    slope2 = -hardness / (1.0f - hardness);
    const float angle = radians(d.angle);
    if (angle == 0.0f) {
        cs = 1.0f;
        sn = 0.0f;
    } else if (d.angle == -90.0f) {  // what brushes have that say nothing about it
        static const float quarter_cos = cosine(radians(-90.0f)), quarter_sin = sine(radians(-90.0f));
        cs = quarter_cos;
        sn = quarter_sin;
    } else {
        cs = cosine(angle);
        sn = sine(angle);
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

// ---- whole dabs: the same numbers, kLanes pixels at a time ----

Rect DabShape::rect() const {
    // Half the sides of the ellipse's bounding box, and what float arithmetic may add to them.
    const float across = radius / aspect;
    const float slack = 0.01f + radius * 1e-5f;
    float half_x = radius + slack, half_y = half_x;
    if (aspect != 1.0f) {
        half_x = std::sqrt(radius * cs * (radius * cs) + across * sn * (across * sn)) + slack;
        half_y = std::sqrt(radius * sn * (radius * sn) + across * cs * (across * cs)) + slack;
    }
    // Large dabs cover a pixel when they reach its centre, small ones when they reach any of it.
    const float centre = antialiased ? 0.0f : 0.5f;
    return {static_cast<int>(std::floor(x - half_x + centre)), static_cast<int>(std::floor(y - half_y + centre)),
            static_cast<int>(std::floor(x + half_x - centre)) + 1,
            static_cast<int>(std::floor(y + half_y - centre)) + 1};
}

namespace {

#define SPIRAL_INLINE inline __attribute__((always_inline))

constexpr std::uint16_t kEvenNumbers[kWideLanes] = {0,  2,  4,  6,  8,  10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30,
                                                    32, 34, 36, 38, 40, 42, 44, 46, 48, 50, 52, 54, 56, 58, 60, 62};
constexpr float kRamp[kLanes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

using PaintKernel = void (*)(const DabShape&, const Rect&, const DabInk&, bool, const Planes&);

struct PaintKernels {
    PaintKernel paint[4], erase[4];  // round, turned, tilted, small
};

#define SPIRAL_LEVEL 0
namespace plain {
constexpr int kStep = 4;
#include "dab_kernels.inl"
}

#ifdef SPIRAL_X86

#pragma GCC push_options
#pragma GCC target("arch=x86-64-v3")
#undef SPIRAL_LEVEL
#define SPIRAL_LEVEL 3
namespace v3 {
constexpr int kStep = 8;
#include "dab_kernels.inl"
}
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("arch=x86-64-v4")
#undef SPIRAL_LEVEL
#define SPIRAL_LEVEL 4
namespace v4 {
constexpr int kStep = 16;
#include "dab_kernels.inl"
}
#pragma GCC pop_options

#endif

struct InstructionSet {
    const char* name;
    PaintKernels kernels;
};

// What this processor can run, best first.
std::vector<InstructionSet> available() {
    std::vector<InstructionSet> sets;
#ifdef SPIRAL_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("x86-64-v4")) sets.push_back({"x86-64-v4", v4::kKernels});
    if (__builtin_cpu_supports("x86-64-v3")) sets.push_back({"x86-64-v3", v3::kKernels});
#endif
    sets.push_back({"plain", plain::kKernels});
    return sets;
}

PaintKernels kernels_in_use = available().front().kernels;

int form(const DabShape& s) { return s.antialiased ? 3 : s.upright ? 0 : s.aspect == 1.0f ? 1 : 2; }

}  // namespace

void paint_dab(const DabShape& s, const Rect& rect, const DabInk& ink, bool with_alpha, const Planes& planes) {
    kernels_in_use.paint[form(s)](s, rect, ink, with_alpha, planes);
}

void paint_erasing_dab(const DabShape& s, const Rect& rect, const DabInk& ink, const Planes& planes) {
    kernels_in_use.erase[form(s)](s, rect, ink, true, planes);
}

std::vector<std::string> instruction_sets() {
    std::vector<std::string> names;
    for (const auto& set : available()) names.emplace_back(set.name);
    return names;
}

void use_instruction_set(const std::string& name) {
    for (const auto& set : available()) {
        if (name == set.name) {
            kernels_in_use = set.kernels;
            return;
        }
    }
    throw std::invalid_argument("this processor has no kernels for " + name);
}

}  // namespace spiral
