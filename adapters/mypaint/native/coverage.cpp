// Coverage of a stroke: every dab covers what the dabs before it left bare.
//
// The formulas of a dab's shape stand in dab.cpp; here they are written over vectors of kLanes pixels with the
// whole dab in one call, because planning stamps millions of dabs of a few pixels. Planning is checked against
// the painted canvas by tests, within rounding.
#include "coverage.h"

#include <cmath>
#include <cstring>

namespace spiral {

namespace {

typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float))));
typedef std::int32_t IntLanes __attribute__((vector_size(kLanes * sizeof(float))));

constexpr Lanes kRamp = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

#define SPIRAL_SELECT(mask, a, b) ((Lanes)(((mask) & (IntLanes)(a)) | (~(mask) & (IntLanes)(b))))

SPIRAL_SIMD void cover_plain(const DabShape s, const Rect rect, float opacity, float* plane, int stride) {
    for (int y = rect.top; y < rect.bottom; ++y) {
        const float yy = static_cast<float>(y) + 0.5f - s.y;
        const float from_y1 = yy * s.cs * s.aspect, from_y2 = yy * s.sn;
        float* row = plane + std::size_t(y) * stride;
        for (int x = rect.left; x < rect.right; x += kLanes) {
            const Lanes xx = kRamp + (static_cast<float>(x) + 0.5f - s.x);
            const Lanes across = from_y1 - xx * (s.sn * s.aspect), along = from_y2 + xx * s.cs;
            const Lanes rr = (across * across + along * along) * s.one_over_radius2;
            const IntLanes inner = rr <= s.hardness, outer = rr <= 1.0f;
            const Lanes first = s.offset1 + rr * s.slope1, second = s.offset2 + rr * s.slope2;
            const Lanes opa = (Lanes)((IntLanes)SPIRAL_SELECT(inner, first, second) & (inner | outer));
            Lanes a;
            std::memcpy(&a, row + x, sizeof a);
            a += (1.0f - a) * (opa * opacity);
            std::memcpy(row + x, &a, sizeof a);
        }
    }
}

SPIRAL_SIMD void cover_small(const DabShape s, const Rect rect, float opacity, float* plane, int stride) {
    constexpr float reach = 0.5641895835477563f;  // radius of a circle of one pixel's area
    const float over_line2 = 1.0f / (s.cs * s.cs + s.sn * s.sn);
    const Lanes zero = {};
    for (int y = rect.top; y < rect.bottom; ++y) {
        const float bottom = s.y - static_cast<float>(y), center_y = bottom - 0.5f, top = bottom - 1.0f;
        float* row = plane + std::size_t(y) * stride;
        for (int x = rect.left; x < rect.right; x += kLanes) {
            const Lanes right = (s.x - static_cast<float>(x)) - kRamp;
            const Lanes center_x = right - 0.5f, left = right - 1.0f;
            const Lanes t = (center_x * s.cs + center_y * s.sn) * over_line2;
            Lanes nx = t * s.cs, ny = t * s.sn;
            nx = SPIRAL_SELECT(nx > right, right, nx);
            nx = SPIRAL_SELECT(nx < left, left, nx);
            ny = SPIRAL_SELECT(ny > bottom, zero + bottom, ny);
            ny = SPIRAL_SELECT(ny < top, zero + top, ny);
            const IntLanes inside = (left < 0.0f) & (right > 0.0f) & IntLanes(zero + top < 0.0f) & IntLanes(zero + bottom > 0.0f);
            nx = (Lanes)((IntLanes)nx & ~inside);
            ny = (Lanes)((IntLanes)ny & ~inside);
            const Lanes near1 = (ny * s.cs - nx * s.sn) * s.aspect, near2 = ny * s.sn + nx * s.cs;
            const Lanes rr_near = (near1 * near1 + near2 * near2) * s.one_over_radius2;
            const Lanes side = (center_x - s.cs) * s.sn - (center_y + s.sn) * s.cs;
            const Lanes sign = SPIRAL_SELECT(side < 0.0f, zero + reach, zero - reach);
            const Lanes fx = nx - sign * s.sn, fy = ny + sign * s.cs;
            const Lanes far1 = (fy * s.cs - fx * s.sn) * s.aspect, far2 = fy * s.sn + fx * s.cs;
            const Lanes far = far1 * far1 + far2 * far2, rr_far = far * s.one_over_radius2;
            const Lanes visible = (1.0f - rr_near) / (1.0f + (rr_far - rr_near));
            const Lanes rr = SPIRAL_SELECT(far < s.antialias_start, (rr_far + rr_near) * 0.5f, 1.0f - visible);
            const IntLanes inner = rr <= s.hardness, reached = (rr_near <= 1.0f) & (inner | (rr <= 1.0f));
            const Lanes first = s.offset1 + rr * s.slope1, second = s.offset2 + rr * s.slope2;
            const Lanes opa = (Lanes)((IntLanes)SPIRAL_SELECT(inner, first, second) & reached);
            Lanes a;
            std::memcpy(&a, row + x, sizeof a);
            a += (1.0f - a) * (opa * opacity);
            std::memcpy(row + x, &a, sizeof a);
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
        std::fill_n(plane_.data() + std::size_t(y) * stride_ + rect_.left, rect_.width(), 0.0f);
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
    const DabShape shape(dab);
    (shape.antialiased ? cover_small : cover_plain)(shape, rect, dab.opaque, plane_.data(), stride_);
}

}  // namespace spiral
