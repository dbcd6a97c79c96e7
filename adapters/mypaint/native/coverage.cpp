// Coverage of a stroke: every dab covers what the dabs before it left bare.
//
// The formulas of a dab's shape stand in dab.cpp; here a whole dab is one call, because planning stamps millions of dabs of a few pixels. Planning is checked against
// the painted canvas by tests, within rounding.
#include "coverage.h"

#include <algorithm>
#include <cmath>

namespace spiral {

namespace {

// Each kernel takes kLanes pixels a step in loops of fixed length, which compilers turn into vector code.
// Pixels out of the dab's reach come out as they were, so a step may run over the rectangle's right edge.

inline float fall_off(const DabShape& s, float rr, float reached_by) {
    const float first = s.offset1 + rr * s.slope1, second = s.offset2 + rr * s.slope2;
    const float opa = rr <= s.hardness ? first : second;
    return (rr <= 1.0f) & (reached_by <= 1.0f) ? opa : 0.0f;
}

SPIRAL_SIMD void cover_round(const DabShape s, const Rect rect, float opacity, float* plane, int stride) {
    for (int y = rect.top; y < rect.bottom; ++y) {
        const float yy = static_cast<float>(y) + 0.5f - s.y;
        const float yy2 = yy * yy;
        for (int x = rect.left; x < rect.right; x += kLanes) {
            float* __restrict to = plane + std::size_t(y) * stride + x;
            const float from = static_cast<float>(x) + 0.5f - s.x;
            for (int i = 0; i < kLanes; ++i) {
                const float xx = from + static_cast<float>(i);
                const float rr = (yy2 + xx * xx) * s.one_over_radius2;
                to[i] += (1.0f - to[i]) * (fall_off(s, rr, rr) * opacity);
            }
        }
    }
}

SPIRAL_SIMD void cover_turned(const DabShape s, const Rect rect, float opacity, float* plane, int stride) {
    for (int y = rect.top; y < rect.bottom; ++y) {
        const float yy = static_cast<float>(y) + 0.5f - s.y;
        for (int x = rect.left; x < rect.right; x += kLanes) {
            float* __restrict to = plane + std::size_t(y) * stride + x;
            const float from = static_cast<float>(x) + 0.5f - s.x;
            for (int i = 0; i < kLanes; ++i) {
                const float xx = from + static_cast<float>(i);
                const float across = (yy * s.cs - xx * s.sn) * s.aspect, along = yy * s.sn + xx * s.cs;
                const float rr = (across * across + along * along) * s.one_over_radius2;
                to[i] += (1.0f - to[i]) * (fall_off(s, rr, rr) * opacity);
            }
        }
    }
}

constexpr float kPixelReach = 0.5641895835477563f;  // radius of a circle of one pixel's area

// A small round dab: the nearest and the far point of a pixel lie on its own column, so that what libmypaint
// works out for every pixel is the same along a row but for the distance across.
SPIRAL_SIMD void cover_small_round(const DabShape s, const Rect rect, float opacity, float* plane, int stride) {
    for (int y = rect.top; y < rect.bottom; ++y) {
        const float bottom = s.y - static_cast<float>(y), center_y = bottom - 0.5f, top = bottom - 1.0f;
        const float ny = top > 0.0f ? top : bottom < 0.0f ? bottom : 0.0f;
        const float fy = ny + (center_y > 0.0f ? kPixelReach : -kPixelReach);
        const float near2 = ny * ny * s.one_over_radius2, far2 = fy * fy;
        const float delta = far2 * s.one_over_radius2 - near2, shrink = 1.0f / (1.0f + delta);
        // Half a pixel to either side of the dab's centre, in the row that holds it, is the centre itself.
        const float hole = top < 0.0f && bottom > 0.0f ? 0.5f : 0.0f;
        for (int x = rect.left; x < rect.right; x += kLanes) {
            float* __restrict to = plane + std::size_t(y) * stride + x;
            const float from = s.x - static_cast<float>(x) - 0.5f;
            for (int i = 0; i < kLanes; ++i) {
                const float across = from - static_cast<float>(i);
                const float nx2 = across * across < hole * hole ? 0.0f : across * across;
                const float rr_near = near2 + nx2 * s.one_over_radius2;
                const float edge = 1.0f - (1.0f - rr_near) * shrink;
                const float rr = far2 + nx2 < s.antialias_start ? rr_near + 0.5f * delta : edge;
                to[i] += (1.0f - to[i]) * (fall_off(s, rr, rr_near) * opacity);
            }
        }
    }
}

SPIRAL_SIMD void cover_small(const DabShape s, const Rect rect, float opacity, float* plane, int stride) {
    const float over_line2 = 1.0f / (s.cs * s.cs + s.sn * s.sn);
    for (int y = rect.top; y < rect.bottom; ++y) {
        const float bottom = s.y - static_cast<float>(y), center_y = bottom - 0.5f, top = bottom - 1.0f;
        const float hole = top < 0.0f && bottom > 0.0f ? 0.5f : 0.0f;
        for (int x = rect.left; x < rect.right; x += kLanes) {
            float* __restrict to = plane + std::size_t(y) * stride + x;
            for (int i = 0; i < kLanes; ++i) {
                const float right = (s.x - static_cast<float>(x)) - static_cast<float>(i);
                const float center_x = right - 0.5f, left = right - 1.0f;
                const float t = (center_x * s.cs + center_y * s.sn) * over_line2;
                float nx = std::max(std::min(t * s.cs, right), left);
                float ny = std::max(std::min(t * s.sn, bottom), top);
                const float keep = center_x * center_x < hole * hole ? 0.0f : 1.0f;
                nx *= keep;
                ny *= keep;
                const float near1 = (ny * s.cs - nx * s.sn) * s.aspect, near2 = ny * s.sn + nx * s.cs;
                const float rr_near = (near1 * near1 + near2 * near2) * s.one_over_radius2;
                const float side = (center_x - s.cs) * s.sn - (center_y + s.sn) * s.cs;
                const float sign = side < 0.0f ? kPixelReach : -kPixelReach;
                const float fx = nx - sign * s.sn, fy = ny + sign * s.cs;
                const float far1 = (fy * s.cs - fx * s.sn) * s.aspect, far2 = fy * s.sn + fx * s.cs;
                const float far = far1 * far1 + far2 * far2, rr_far = far * s.one_over_radius2;
                const float edge = 1.0f - (1.0f - rr_near) / (1.0f + (rr_far - rr_near));
                const float rr = far < s.antialias_start ? (rr_far + rr_near) * 0.5f : edge;
                to[i] += (1.0f - to[i]) * (fall_off(s, rr, rr_near) * opacity);
            }
        }
    }
}

int cover_dab(MyPaintSurface* self, float x, float y, float radius, float r, float g, float b, float opaque,
              float hardness, float alpha, float aspect, float angle, float lock_alpha, float colorize) {
    reinterpret_cast<CoverageSurface*>(self)->draw({x, y, radius, hardness, aspect, angle, opaque, r, g, b, alpha,
                                                    lock_alpha, colorize, 0.0f, 0.0f, 0.0f});
    return 1;
}

// Brushes that pick up paint are refused before they come here.
void no_color(MyPaintSurface*, float, float, float, float* r, float* g, float* b, float* a) {
    *r = *g = *b = *a = 0.0f;
}

}  // namespace

CoverageSurface::CoverageSurface(int height, int width)
    : height_(height), width_(width), stride_(padded(width)), window_{0, 0, width, height},
      plane_(std::size_t(height) * stride_, 0.0f) {
    vtable_.parent.draw_dab = cover_dab;
    vtable_.parent.get_color = no_color;
}

void CoverageSurface::start(const Rect& window) {
    for (int y = rect_.top; y < rect_.bottom; ++y) {
        // Kernels also write the rest of their last step; at the right edge that is padding.
        std::fill_n(plane_.data() + std::size_t(y) * stride_ + rect_.left, rect_.width() + kLanes - 1, 0.0f);
    }
    rect_ = Rect{};
    spilled_ = false;
    window_ = window.meet({0, 0, width_, height_});
}

void CoverageSurface::draw(Dab dab) {
    if (!prepare_dab(dab)) return;
    // libmypaint's fringe of one pixel is generous: no pixel further than the radius plus half is reached.
    const float reach = dab.radius + 0.5f;
    const Rect full = Rect{static_cast<int>(std::floor(dab.x - reach)), static_cast<int>(std::floor(dab.y - reach)),
                           static_cast<int>(std::floor(dab.x + reach)) + 1,
                           static_cast<int>(std::floor(dab.y + reach)) + 1}
                          .meet({0, 0, width_, height_});
    const Rect rect = full.meet(window_);
    spilled_ |= rect.area() != full.area();
    if (spilled_ || rect.empty()) return;
    rect_.join(rect);
    // A round dab turned by half a circle is itself; this spares the sine and cosine.
    if (dab.aspect == 1.0f && (dab.angle == -180.0f || dab.angle == 180.0f)) dab.angle = 0.0f;
    const DabShape shape(dab);
    const auto cover = shape.upright ? (shape.antialiased ? cover_small_round : cover_round)
                                     : (shape.antialiased ? cover_small : cover_turned);
    cover(shape, rect, dab.opaque, plane_.data(), stride_);
}

}  // namespace spiral
