#include "canvas.h"

#include <cmath>
#include <cstring>

#include "pigment.h"

namespace spiral {

CanvasBatch::CanvasBatch(int count, int height, int width)
    : count_(count), height_(height), width_(width), plane_size_(std::size_t(height) * width),
      // Kernels may write back what they read a little past the end of a canvas.
      canvas_stride_(4 * plane_size_ + kWideLanes), pixels_(count * canvas_stride_), opaque_(count, 0) {}

void CanvasBatch::clear(int canvas, const double color[3]) {
    for (int c = 0; c < 4; ++c) {
        const auto value = c == 3 ? std::uint16_t{kOne} : static_cast<std::uint16_t>(std::lround(color[c] * kOne));
        std::fill_n(plane(canvas, c), plane_size_, value);
    }
    opaque_[canvas] = 1;
}

namespace {

SPIRAL_SIMD void opaque_bytes(const std::uint16_t* __restrict r, const std::uint16_t* __restrict g,
                              const std::uint16_t* __restrict b, int count, std::uint8_t* __restrict out) {
    for (int i = 0; i < count; ++i) {
        out[3 * i] = static_cast<std::uint8_t>((r[i] * 255u + kOne / 2) >> 15);
        out[3 * i + 1] = static_cast<std::uint8_t>((g[i] * 255u + kOne / 2) >> 15);
        out[3 * i + 2] = static_cast<std::uint8_t>((b[i] * 255u + kOne / 2) >> 15);
    }
}

}  // namespace

void CanvasBatch::to_bytes(int canvas, const Rect& rect, std::uint8_t* out, std::size_t out_stride) const {
    for (int y = rect.top; y < rect.bottom; ++y, out += out_stride) {
        const std::size_t at = std::size_t(y) * width_ + rect.left;
        const std::uint16_t *r = plane(canvas, 0) + at, *g = plane(canvas, 1) + at, *b = plane(canvas, 2) + at;
        if (opaque_[canvas]) {
            opaque_bytes(r, g, b, rect.width(), out);
            continue;
        }
        const std::uint16_t* a = plane(canvas, 3) + at;
        for (int i = 0; i < rect.width(); ++i) {
            const std::uint32_t paper = kOne - std::min<std::uint32_t>(a[i], kOne);
            const std::uint16_t* rgb[3] = {r + i, g + i, b + i};
            for (int c = 0; c < 3; ++c) {
                const std::uint32_t v = std::min<std::uint32_t>(*rgb[c] + paper, kOne);
                out[3 * i + c] = static_cast<std::uint8_t>((v * 255u + kOne / 2) >> 15);
            }
        }
    }
}

// ---- libmypaint's C interface ----

namespace {

template <class Surface>
int draw_dab(MyPaintSurface* self, float x, float y, float radius, float r, float g, float b, float opaque,
             float hardness, float alpha, float aspect, float angle, float lock_alpha, float colorize) {
    reinterpret_cast<Surface*>(self)->draw({x, y, radius, hardness, aspect, angle, opaque, r, g, b, alpha, lock_alpha,
                                            colorize, 0.0f, 0.0f, 0.0f});
    return 1;
}

template <class Surface>
int draw_dab_pigment(MyPaintSurface2* self, float x, float y, float radius, float r, float g, float b, float opaque,
                     float hardness, float alpha, float aspect, float angle, float lock_alpha, float colorize,
                     float posterize, float posterize_num, float paint) {
    reinterpret_cast<Surface*>(self)->draw({x, y, radius, hardness, aspect, angle, opaque, r, g, b, alpha, lock_alpha,
                                            colorize, posterize, posterize_num, paint});
    return 1;
}

void paint_get_color(MyPaintSurface* self, float x, float y, float radius, float* r, float* g, float* b, float* a) {
    reinterpret_cast<PaintSurface*>(self)->sample(x, y, radius, r, g, b, a);
}

void paint_get_color_pigment(MyPaintSurface2* self, float x, float y, float radius, float* r, float* g, float* b,
                             float* a, float) {
    reinterpret_cast<PaintSurface*>(self)->sample(x, y, radius, r, g, b, a);
}

}  // namespace

PaintSurface::PaintSurface(CanvasBatch& canvases)
    : canvases_(&canvases), coverage_(canvases.width()), mask_(canvases.width()) {
    vtable_.parent.draw_dab = draw_dab<PaintSurface>;
    vtable_.parent.get_color = paint_get_color;
    vtable_.draw_dab_pigment = draw_dab_pigment<PaintSurface>;
    vtable_.get_color_pigment = paint_get_color_pigment;
}

void PaintSurface::on(int canvas) {
    canvas_ = canvas;
    dirty_ = Rect{};
}

void PaintSurface::draw(Dab dab) {
    if (!prepare_dab(dab)) return;
    const DabShape shape(dab);
    const Rect rect = shape.rect().meet(canvases_->bounds());
    if (rect.empty()) return;
    dirty_.join(rect);

    const float normal = (1.0f - dab.lock_alpha) * (1.0f - dab.colorize) * (1.0f - dab.posterize);
    const bool erases = dab.alpha != 1.0f;
    if (normal > 0.0f && erases) canvases_->set_opaque(canvas_, false);
    auto fix = [](float v) { return static_cast<std::uint16_t>(v * kOne); };
    const DabInk ink{{fix(dab.r), fix(dab.g), fix(dab.b), kOne},
                     fix(normal * dab.opaque * (1 - dab.paint)),
                     fix(dab.alpha)};
    const Planes planes{canvases_->plane(canvas_, 0), canvases_->plane_size(), canvases_->width()};
    if (normal != 1.0f || dab.paint != 0.0f) {
        for (int y = rect.top; y < rect.bottom; ++y) {
            dab_row(shape, rect.left, y, rect.width(), coverage_.data());
            quantize_row(coverage_.data(), rect.width(), mask_.data());
            const std::size_t at = std::size_t(y) * canvases_->width() + rect.left;
            std::uint16_t* rows[4];
            for (int c = 0; c < 4; ++c) rows[c] = canvases_->plane(canvas_, c) + at;
            blend_rare_row(mask_.data(), rect.width(), dab, normal, ink.color, rows);
        }
    } else if (erases) {
        paint_erasing_dab(shape, rect, ink, planes);
    } else {
        paint_dab(shape, rect, ink, !canvases_->opaque(canvas_), planes);
    }
}

void PaintSurface::sample(float x, float y, float radius, float* r, float* g, float* b, float* a) const {
    // libmypaint sums whole numbers tile by tile and the tiles as floats; off the canvas it reads transparency.
    constexpr int tile = 64;
    Dab probe{};
    probe.x = x;
    probe.y = y;
    probe.radius = std::max(radius, 1.0f);
    probe.hardness = 0.5f;
    probe.aspect = 1.0f;
    const DabShape shape(probe);
    const Rect rect = dab_rect(probe);
    auto floor_div = [](int v) { return v >= 0 ? v / tile : -((-v + tile - 1) / tile); };
    float weight_sum = 0.0f, sums[4] = {0, 0, 0, 0};
    float coverage[tile];
    for (int ty = floor_div(rect.top); ty <= floor_div(rect.bottom - 1); ++ty) {
        for (int tx = floor_div(rect.left); tx <= floor_div(rect.right - 1); ++tx) {
            const Rect part = rect.meet({tx * tile, ty * tile, (tx + 1) * tile, (ty + 1) * tile});
            std::uint32_t weight = 0, sum[4] = {0, 0, 0, 0};
            for (int yy = part.top; yy < part.bottom; ++yy) {
                dab_row(shape, part.left, yy, part.width(), coverage);
                const bool row_inside = yy >= 0 && yy < canvases_->height();
                for (int i = 0; i < part.width(); ++i) {
                    const auto opa = static_cast<std::uint32_t>(static_cast<std::uint16_t>(coverage[i] * kOne));
                    weight += opa;
                    const int xx = part.left + i;
                    if (!row_inside || xx < 0 || xx >= canvases_->width()) continue;
                    const std::size_t at = std::size_t(yy) * canvases_->width() + xx;
                    for (int c = 0; c < 4; ++c) sum[c] += opa * canvases_->plane(canvas_, c)[at] / kOne;
                }
            }
            weight_sum += static_cast<float>(weight);
            for (int c = 0; c < 4; ++c) sums[c] += static_cast<float>(sum[c]);
        }
    }
    auto unit = [](float v) { return std::clamp(v, 0.0f, 1.0f); };
    const float sum_a = weight_sum > 0.0f ? sums[3] / weight_sum : 0.0f;
    *a = unit(sum_a);
    if (sum_a > 0.0f) {
        *r = unit(sums[0] / weight_sum / sum_a);
        *g = unit(sums[1] / weight_sum / sum_a);
        *b = unit(sums[2] / weight_sum / sum_a);
    } else {
        *r = 0.0f;
        *g = 1.0f;
        *b = 0.0f;
    }
}

}  // namespace spiral
