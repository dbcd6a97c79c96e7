#include "scale.h"

namespace spiral {

namespace {

// out = out + alpha (color - out)
SPIRAL_SIMD void lay_row(const std::uint16_t* __restrict alpha, int count, float color, float* __restrict out) {
    for (int i = 0; i < count; ++i) out[i] += static_cast<float>(alpha[i]) * (1.0f / kAlphaUnit) * (color - out[i]);
}

SPIRAL_SIMD void dim_row(const std::uint16_t* __restrict alpha, int count, float* __restrict through) {
    for (int i = 0; i < count; ++i) through[i] *= 1.0f - static_cast<float>(alpha[i]) * (1.0f / kAlphaUnit);
}

SPIRAL_SIMD void combine_row(const float* __restrict above, const float* __restrict through,
                             const float* __restrict under, int count, float* __restrict out) {
    for (int i = 0; i < count; ++i) out[i] = above[i] + through[i] * under[i];
}

// residual = target - mean of the fine picture; `rows` points at factor rows that lie `stride` apart.
SPIRAL_SIMD void residual_row(const float* __restrict target, const float* rows, std::size_t stride, int factor,
                              int count, float* __restrict out) {
    if (factor == 1) {
        for (int i = 0; i < count; ++i) out[i] = target[i] - rows[i];
        return;
    }
    if (factor > 2) {
        const float part = 1.0f / static_cast<float>(factor * factor);
        for (int i = 0; i < count; ++i) {
            float sum = 0.0f;
            for (int k = 0; k < factor * factor; ++k) sum += rows[(k / factor) * stride + i * factor + k % factor];
            out[i] = target[i] - part * sum;
        }
        return;
    }
    const float* next = rows + stride;
    for (int i = 0; i < count; ++i) {
        out[i] = target[i] - 0.25f * (rows[2 * i] + rows[2 * i + 1] + next[2 * i] + next[2 * i + 1]);
    }
}

Rect times(const Rect& r, int f) { return {r.left * f, r.top * f, r.right * f, r.bottom * f}; }

}  // namespace

void MarkMaker::cover(const std::vector<BrushSpec>& specs, const Candidate& stroke, const Rect& window, int width_px) {
    coverage.start(window);
    brushes.draw(specs, stroke.brush, coverage, stroke.row, stroke.seed, width_px);
}

Scale::Scale(int height, int width, int factor, const std::vector<float>& target, const std::vector<float>& weight)
    : height_(height), width_(width), factor_(factor), stride_(padded(width)), fine_stride_(padded(width * factor)),
      target_(&target), weight_(&weight), canvas_(3 * fine_plane(), 0.0f), residual_(3 * plane(), 0.0f) {}

Rect Scale::to_picture(const Rect& r) const {
    const int f = factor_;
    if (r.empty()) return {};
    return {r.left / f, r.top / f, (r.right + f - 1) / f, (r.bottom + f - 1) / f};
}

Mark Scale::mark_of(MarkMaker& maker) const {
    const CoverageSurface& coverage = maker.coverage;
    Mark mark{coverage.rect(), {}};
    mark.alpha.reserve(static_cast<std::size_t>(mark.rect.area()));
    for (int y = mark.rect.top; y < mark.rect.bottom; ++y) {
        const float* row = coverage.row(y);
        for (int x = mark.rect.left; x < mark.rect.right; ++x) {
            mark.alpha.push_back(static_cast<std::uint16_t>(std::min(1.0f, row[x]) * kAlphaUnit + 0.5f));
        }
    }
    return mark;
}

void Scale::update_residual(const Rect& window) {
    for (int c = 0; c < 3; ++c) {
        for (int y = window.top; y < window.bottom; ++y) {
            const std::size_t at = c * plane() + std::size_t(y) * stride_ + window.left;
            const float* fine = canvas_.data() + c * fine_plane() + std::size_t(y) * factor_ * fine_stride_ +
                                std::size_t(window.left) * factor_;
            residual_row(target_->data() + at, fine, static_cast<std::size_t>(fine_stride_), factor_, window.width(),
                         residual_.data() + at);
        }
    }
}

void Scale::recompose(const std::vector<Layer>& layers, std::size_t scale, const Rgb& background) {
    for (int c = 0; c < 3; ++c) {
        float* canvas = canvas_.data() + c * fine_plane();
        std::fill_n(canvas, fine_plane(), static_cast<float>(background[c]));
        for (const Layer& layer : layers) {
            const Mark& mark = layer.marks[scale];
            const auto color = static_cast<float>(layer.stroke.color()[c]);
            for (int y = mark.rect.top; y < mark.rect.bottom; ++y) {
                lay_row(mark.alpha.data() + std::size_t(y - mark.rect.top) * mark.rect.width(), mark.rect.width(), color,
                        canvas + std::size_t(y) * fine_stride_ + mark.rect.left);
            }
        }
    }
    const Rect whole{0, 0, width_, height_};
    update_residual(whole);
    error_ = error_in(whole);
}

Scale::Bench Scale::top_bench() const {
    Bench bench{{0, 0, width_, height_}, fine_stride_, stride_, {0, 0, fine_width(), fine_height()}, {}, nullptr, {}, {}, {}};
    for (int c = 0; c < 3; ++c) {
        bench.under[c] = canvas_.data() + c * fine_plane();
        bench.residual[c] = residual_.data() + c * plane();
    }
    return bench;
}

Scale::Bench Scale::open_bench(const std::vector<Layer>& layers, std::size_t scale, std::size_t skip,
                               const Rect& window, const Rgb& background) const {
    const Rect fine = times(window, factor_);
    Bench bench{window, padded(fine.width()), padded(window.width()), fine, {}, nullptr, {}, {}, {}};
    const std::size_t size = std::size_t(bench.fine_stride) * fine.height();
    const std::size_t small = std::size_t(bench.stride) * window.height();
    bench.memory.assign(7 * size + 3 * small + static_cast<std::size_t>(factor_ + 1) * static_cast<std::size_t>(bench.fine_stride), 0.0f);
    float* through = bench.memory.data();
    float* under = through + size;
    float* above = under + 3 * size;
    float* residual = above + 3 * size;
    float* scratch = residual + 3 * small;  // factor rows of the picture
    std::fill_n(through, size, 1.0f);
    for (int c = 0; c < 3; ++c) std::fill_n(under + c * size, size, static_cast<float>(background[c]));
    for (std::size_t j = 0; j < layers.size(); ++j) {
        if (j == skip) continue;
        const Mark& mark = layers[j].marks[scale];
        const Rect part = mark.rect.meet(fine);
        if (part.empty()) continue;
        const Rgb color = layers[j].stroke.color();
        float* planes = j < skip ? under : above;
        for (int y = part.top; y < part.bottom; ++y) {
            const std::uint16_t* alpha =
                mark.alpha.data() + std::size_t(y - mark.rect.top) * mark.rect.width() + (part.left - mark.rect.left);
            const std::size_t at = std::size_t(y - fine.top) * bench.fine_stride + (part.left - fine.left);
            for (int c = 0; c < 3; ++c) {
                lay_row(alpha, part.width(), static_cast<float>(color[c]), planes + c * size + at);
            }
            if (j > skip) dim_row(alpha, part.width(), through + at);
        }
    }
    for (int c = 0; c < 3; ++c) {
        for (int y = 0; y < window.height(); ++y) {
            for (int k = 0; k < factor_; ++k) {
                const std::size_t at = std::size_t(y * factor_ + k) * bench.fine_stride;
                combine_row(above + c * size + at, through + at, under + c * size + at, fine.width(),
                            scratch + std::size_t(k) * bench.fine_stride);
            }
            residual_row(target_->data() + c * plane() + std::size_t(y + window.top) * stride_ + window.left, scratch,
                         static_cast<std::size_t>(bench.fine_stride), factor_, window.width(),
                         residual + c * small + std::size_t(y) * bench.stride);
        }
    }
    bench.through = through;
    for (int c = 0; c < 3; ++c) {
        bench.under[c] = under + c * size;
        bench.above[c] = above + c * size;
        bench.residual[c] = residual + c * small;
    }
    return bench;
}

void Scale::close_bench(const Bench& bench, const Mark* mark, const Rgb& color) {
    const Rect& fine = bench.fine;
    std::vector<float> row(static_cast<std::size_t>(fine.width()));
    for (int c = 0; c < 3; ++c) {
        for (int y = fine.top; y < fine.bottom; ++y) {
            const std::size_t at = std::size_t(y - fine.top) * bench.fine_stride;
            std::copy_n(bench.under[c] + at, fine.width(), row.data());
            if (mark != nullptr && y >= mark->rect.top && y < mark->rect.bottom) {
                lay_row(mark->alpha.data() + std::size_t(y - mark->rect.top) * mark->rect.width(), mark->rect.width(),
                        static_cast<float>(color[c]), row.data() + (mark->rect.left - fine.left));
            }
            combine_row(bench.above[c] + at, bench.through + at, row.data(), fine.width(),
                        canvas_.data() + c * fine_plane() + std::size_t(y) * fine_stride_ + fine.left);
        }
    }
    error_ -= error_in(bench.window);
    update_residual(bench.window);
    error_ += error_in(bench.window);
}

void Scale::add_sums(MarkMaker& maker, const Bench& bench, ScoreSums& sums) const {
    const Rect rect = to_picture(maker.coverage.rect());
    const int f = factor_;
    for (auto& row : maker.mixed) {
        if (f > 1 && row.size() < static_cast<std::size_t>(stride_)) row.assign(static_cast<std::size_t>(stride_), 0.0f);
    }
    for (int y = rect.top; y < rect.bottom; ++y) {
        const std::size_t at = std::size_t(y - bench.window.top) * bench.stride + (rect.left - bench.window.left);
        const std::size_t fine_at = std::size_t(y * f - bench.fine.top) * bench.fine_stride + (rect.left * f - bench.fine.left);
        const float* weight = weight_->empty() ? nullptr : weight_->data() + std::size_t(y) * stride_ + rect.left;
        const float* residual[3] = {bench.residual[0] + at, bench.residual[1] + at, bench.residual[2] + at};
        const float* under[3] = {bench.under[0] + fine_at, bench.under[1] + fine_at, bench.under[2] + fine_at};
        const float* through = bench.through == nullptr ? nullptr : bench.through + fine_at;
        const float* alpha = maker.coverage.row(y * f) + rect.left * f;
        if (f == 1) {
            score_row(alpha, {{under[0], under[1], under[2]}, {residual[0], residual[1], residual[2]}, through, weight},
                      rect.width(), sums);
            continue;
        }
        const FineRows rows{f,
                            alpha,
                            static_cast<std::size_t>(maker.coverage.stride()),
                            {under[0], under[1], under[2]},
                            through,
                            static_cast<std::size_t>(bench.fine_stride)};
        float* const hidden[3] = {maker.mixed[1].data(), maker.mixed[2].data(), maker.mixed[3].data()};
        mix_rows(rows, rect.width(), maker.mixed[0].data(), hidden);
        score_mixed_row(maker.mixed[0].data(), hidden, residual, weight, rect.width(), sums);
    }
}

double Scale::error_in(const Rect& window) const {
    double total = 0;
    for (int y = window.top; y < window.bottom; ++y) {
        const std::size_t at = std::size_t(y) * stride_;
        double row = 0;
        for (int x = window.left; x < window.right; ++x) {
            double e = 0;
            for (int c = 0; c < 3; ++c) {
                const double r = residual_[c * plane() + at + x];
                e += r * r;
            }
            row += weight_->empty() ? e : e * (*weight_)[at + x];
        }
        total += row;
    }
    return total;
}

std::vector<Scale::Share> Scale::shares(const std::vector<Layer>& layers, std::size_t scale) const {
    std::vector<float> through(fine_plane(), 1.0f);
    std::vector<Share> out(layers.size());
    const float part_of_pixel = 1.0f / static_cast<float>(factor_ * factor_);
    for (std::size_t i = layers.size(); i-- > 0;) {
        const Mark& mark = layers[i].marks[scale];
        Share& share = out[i];
        share.rect = to_picture(mark.rect);
        share.part.assign(static_cast<std::size_t>(share.rect.area()), 0.0f);
        std::size_t from = 0;
        for (int y = mark.rect.top; y < mark.rect.bottom; ++y) {
            float* row = through.data() + std::size_t(y) * fine_stride_;
            float* part = share.part.data() + std::size_t(y / factor_ - share.rect.top) * share.rect.width();
            for (int x = mark.rect.left; x < mark.rect.right; ++x, ++from) {
                const float a = static_cast<float>(mark.alpha[from]) * (1.0f / kAlphaUnit);
                part[x / factor_ - share.rect.left] += row[x] * a * part_of_pixel;
                row[x] *= 1.0f - a;
            }
        }
    }
    return out;
}

void Scale::add_removal_losses(const std::vector<Layer>& layers, std::size_t scale, const Rgb& background,
                               double* out) const {
    // What is seen of each stroke at this size, from the top down; then what lies under it, from the bottom up.
    std::vector<std::vector<float>> seen(layers.size());
    std::vector<float> through(fine_plane(), 1.0f);
    for (std::size_t i = layers.size(); i-- > 0;) {
        const Mark& mark = layers[i].marks[scale];
        seen[i].resize(mark.alpha.size());
        std::size_t from = 0;
        for (int y = mark.rect.top; y < mark.rect.bottom; ++y) {
            float* row = through.data() + std::size_t(y) * fine_stride_ + mark.rect.left;
            for (int x = 0; x < mark.rect.width(); ++x, ++from) {
                const float a = static_cast<float>(mark.alpha[from]) * (1.0f / kAlphaUnit);
                seen[i][from] = row[x] * a;
                row[x] *= 1.0f - a;
            }
        }
    }
    std::vector<float> under(3 * fine_plane()), change;
    for (int c = 0; c < 3; ++c) std::fill_n(under.data() + c * fine_plane(), fine_plane(), static_cast<float>(background[c]));
    const float part_of_pixel = 1.0f / static_cast<float>(factor_ * factor_);
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const Mark& mark = layers[i].marks[scale];
        const Rect rect = to_picture(mark.rect);
        const Rgb color = layers[i].stroke.color();
        for (int c = 0; c < 3; ++c) {
            change.assign(static_cast<std::size_t>(rect.area()), 0.0f);
            std::size_t from = 0;
            for (int y = mark.rect.top; y < mark.rect.bottom; ++y) {
                float* u = under.data() + c * fine_plane() + std::size_t(y) * fine_stride_;
                float* row = change.data() + std::size_t(y / factor_ - rect.top) * rect.width();
                for (int x = mark.rect.left; x < mark.rect.right; ++x, ++from) {
                    const float a = static_cast<float>(mark.alpha[from]) * (1.0f / kAlphaUnit);
                    const float lift = static_cast<float>(color[c]) - u[x];
                    row[x / factor_ - rect.left] += seen[i][from] * lift * part_of_pixel;
                    u[x] += a * lift;
                }
            }
            std::size_t n = 0;
            for (int y = rect.top; y < rect.bottom; ++y) {
                const std::size_t at = std::size_t(y) * stride_ + rect.left;
                for (int x = 0; x < rect.width(); ++x, ++n) {
                    const double w = weight_->empty() ? 1.0 : static_cast<double>((*weight_)[at + x]);
                    const double d = change[n], r = residual_[c * plane() + at + x];
                    out[i] += w * d * (2 * r + d);
                }
            }
        }
    }
}

}  // namespace spiral
