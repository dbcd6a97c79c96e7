#include "painting.h"

#include <cmath>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <thread>

#include "scoring.h"

namespace spiral {

namespace {

constexpr float kAlphaUnit = 65535.0f;

// out = out + alpha (color - out), for what lies under and for what lies above; let *= 1 - alpha.
SPIRAL_SIMD void lay_row(const std::uint16_t* __restrict alpha, int count, float color, float* __restrict out) {
    for (int i = 0; i < count; ++i) out[i] += static_cast<float>(alpha[i]) * (1.0f / kAlphaUnit) * (color - out[i]);
}

SPIRAL_SIMD void dim_row(const std::uint16_t* __restrict alpha, int count, float* __restrict through) {
    for (int i = 0; i < count; ++i) through[i] *= 1.0f - static_cast<float>(alpha[i]) * (1.0f / kAlphaUnit);
}

SPIRAL_SIMD void residual_row(const float* __restrict target, const float* __restrict above,
                              const float* __restrict through, const float* __restrict under, int count,
                              float* __restrict out) {
    for (int i = 0; i < count; ++i) out[i] = target[i] - above[i] - through[i] * under[i];
}

}  // namespace

Painting::Painting(int height, int width, const float* target, const float* weight, const Rgb& background)
    : height_(height), width_(width), stride_(padded(width)), background_(background) {
    const std::size_t plane = std::size_t(height) * stride_;
    target_.assign(3 * plane, 0.0f);
    canvas_.assign(3 * plane, 0.0f);
    residual_.assign(3 * plane, 0.0f);
    if (weight != nullptr) weight_.assign(plane, 0.0f);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            const std::size_t at = std::size_t(y) * stride_ + x, from = std::size_t(y) * width + x;
            for (int c = 0; c < 3; ++c) target_[c * plane + at] = target[3 * from + c];
            if (weight != nullptr) weight_[at] = weight[from];
        }
    }
    recompose();
}

int Painting::add_brush(BrushSpec spec) {
    const Brush probe(spec);
    specs_.push_back(std::move(spec));
    return static_cast<int>(specs_.size()) - 1;
}

void Painting::Worker::cover(const std::vector<BrushSpec>& specs, const Candidate& stroke, const Rect& window,
                             int width_px) {
    while (plain.size() < specs.size()) plain.push_back(PlainBrush::from(specs[plain.size()]));
    coverage.start(window);
    if (auto& brush = plain[static_cast<std::size_t>(stroke.brush)]) {
        brush->draw(stroke.row, stroke.seed, width_px, [this](const Dab& dab) { coverage.draw(dab); });
    } else {
        brushes.get(specs, stroke.brush).draw(coverage.surface(), stroke.row, stroke.seed, width_px);
    }
}

Painting::Worker& Painting::worker(std::size_t index) {
    while (workers_.size() <= index) workers_.push_back(std::make_unique<Worker>(height_, width_));
    return *workers_[index];
}

void Painting::recompose() {
    const std::size_t plane = std::size_t(height_) * stride_;
    for (int c = 0; c < 3; ++c) {
        float* canvas = canvas_.data() + c * plane;
        std::fill_n(canvas, plane, static_cast<float>(background_[c]));
        for (const Layer& layer : layers_) {
            const double color[3] = {layer.stroke.row.red, layer.stroke.row.green, layer.stroke.row.blue};
            for (int y = layer.rect.top; y < layer.rect.bottom; ++y) {
                lay_row(layer.alpha.data() + std::size_t(y - layer.rect.top) * layer.rect.width(), layer.rect.width(),
                        static_cast<float>(color[c]), canvas + std::size_t(y) * stride_ + layer.rect.left);
            }
        }
        for (std::size_t i = 0; i < plane; ++i) {
            residual_[c * plane + i] = target_[c * plane + i] - canvas[i];
        }
    }
}

double Painting::error() const {
    const std::size_t plane = std::size_t(height_) * stride_;
    double total = 0;
    for (int y = 0; y < height_; ++y) {
        const std::size_t at = std::size_t(y) * stride_;
        double row = 0;
        for (int x = 0; x < width_; ++x) {
            double e = 0;
            for (int c = 0; c < 3; ++c) {
                const double r = residual_[c * plane + at + x];
                e += r * r;
            }
            row += weight_.empty() ? e : e * weight_[at + x];
        }
        total += row;
    }
    return total;
}

void Painting::canvas(float* out) const {
    const std::size_t plane = std::size_t(height_) * stride_;
    for (int y = 0; y < height_; ++y) {
        for (int x = 0; x < width_; ++x) {
            for (int c = 0; c < 3; ++c) *out++ = canvas_[c * plane + std::size_t(y) * stride_ + x];
        }
    }
}

void Painting::error_map(float* out) const {
    const std::size_t plane = std::size_t(height_) * stride_;
    for (int y = 0; y < height_; ++y) {
        for (int x = 0; x < width_; ++x) {
            const std::size_t at = std::size_t(y) * stride_ + x;
            float e = 0;
            for (int c = 0; c < 3; ++c) e += residual_[c * plane + at] * residual_[c * plane + at];
            *out++ = weight_.empty() ? e : e * weight_[at];
        }
    }
}

Painting::Layer Painting::make_layer(const Candidate& stroke) {
    Worker& w = worker(0);
    w.cover(specs_, stroke, {0, 0, width_, height_}, width_);
    Layer layer{stroke, w.coverage.rect(), {}};
    layer.alpha.reserve(static_cast<std::size_t>(layer.rect.area()));
    for (int y = layer.rect.top; y < layer.rect.bottom; ++y) {
        const float* row = w.coverage.row(y);
        for (int x = layer.rect.left; x < layer.rect.right; ++x) {
            layer.alpha.push_back(static_cast<std::uint16_t>(std::min(1.0f, row[x]) * kAlphaUnit + 0.5f));
        }
    }
    return layer;
}

Painting::Bench Painting::top_bench() const {
    const std::size_t plane = std::size_t(height_) * stride_;
    Bench bench{{0, 0, width_, height_}, stride_, {}, {}, nullptr, {}, {}};
    for (int c = 0; c < 3; ++c) {
        bench.under[c] = canvas_.data() + c * plane;
        bench.residual[c] = residual_.data() + c * plane;
    }
    return bench;
}

Painting::Bench Painting::open_bench(std::size_t skip, const Rect& window) const {
    const std::size_t plane = std::size_t(height_) * stride_;
    Bench bench{window, padded(window.width()), {}, {}, nullptr, {}, {}};
    const std::size_t size = std::size_t(bench.stride) * window.height();
    bench.memory.assign(10 * size, 0.0f);
    float* through = bench.memory.data();
    float* under = through + size;
    float* above = under + 3 * size;
    float* residual = above + 3 * size;
    std::fill_n(through, size, 1.0f);
    for (int c = 0; c < 3; ++c) std::fill_n(under + c * size, size, static_cast<float>(background_[c]));
    for (std::size_t j = 0; j < layers_.size(); ++j) {
        if (j == skip) continue;
        const Layer& layer = layers_[j];
        const Rect part = layer.rect.meet(window);
        if (part.empty()) continue;
        const double color[3] = {layer.stroke.row.red, layer.stroke.row.green, layer.stroke.row.blue};
        float* planes = j < skip ? under : above;
        for (int y = part.top; y < part.bottom; ++y) {
            const std::uint16_t* alpha = layer.alpha.data() + std::size_t(y - layer.rect.top) * layer.rect.width() +
                                         (part.left - layer.rect.left);
            const std::size_t at = std::size_t(y - window.top) * bench.stride + (part.left - window.left);
            for (int c = 0; c < 3; ++c) lay_row(alpha, part.width(), static_cast<float>(color[c]), planes + c * size + at);
            if (j > skip) dim_row(alpha, part.width(), through + at);
        }
    }
    for (int y = window.top; y < window.bottom; ++y) {
        const std::size_t at = std::size_t(y - window.top) * bench.stride;
        for (int c = 0; c < 3; ++c) {
            const float* target = target_.data() + c * plane + std::size_t(y) * stride_ + window.left;
            residual_row(target, above + c * size + at, through + at, under + c * size + at, window.width(),
                         residual + c * size + at);
        }
    }
    bench.through = through;
    for (int c = 0; c < 3; ++c) {
        bench.under[c] = under + c * size;
        bench.above[c] = above + c * size;
        bench.residual[c] = residual + c * size;
    }
    return bench;
}

// Puts the picture of a bench back, with `layer` (or nothing) where the bench had left one out.
void Painting::close_bench(const Bench& bench, const Layer* layer) {
    const std::size_t plane = std::size_t(height_) * stride_;
    const Rect& w = bench.window;
    std::vector<float> row(static_cast<std::size_t>(w.width()));
    for (int c = 0; c < 3; ++c) {
        for (int y = w.top; y < w.bottom; ++y) {
            const std::size_t at = std::size_t(y - w.top) * bench.stride;
            std::copy_n(bench.under[c] + at, w.width(), row.data());
            if (layer != nullptr && y >= layer->rect.top && y < layer->rect.bottom) {
                const double color[3] = {layer->stroke.row.red, layer->stroke.row.green, layer->stroke.row.blue};
                lay_row(layer->alpha.data() + std::size_t(y - layer->rect.top) * layer->rect.width(),
                        layer->rect.width(), static_cast<float>(color[c]), row.data() + (layer->rect.left - w.left));
            }
            const std::size_t to = c * plane + std::size_t(y) * stride_ + w.left;
            for (int x = 0; x < w.width(); ++x) {
                canvas_[to + x] = bench.above[c][at + x] + bench.through[at + x] * row[x];
                residual_[to + x] = target_[to + x] - canvas_[to + x];
            }
        }
    }
}

Rgb Painting::best_color(double weight2, const Rgb& pull, double* gain) const {
    auto worth = [&](const Rgb& c) {
        double g = 0;
        for (int i = 0; i < 3; ++i) g += c[i] * (2 * pull[i] - c[i] * weight2);
        return g;
    };
    Rgb best{};
    if (palette_.empty()) {
        for (int i = 0; i < 3; ++i) best[i] = weight2 > 0 ? std::clamp(pull[i] / weight2, 0.0, 1.0) : 0.0;
        *gain = worth(best);
        return best;
    }
    *gain = -1e300;
    for (const Rgb& paint : palette_) {
        const double g = worth(paint);
        if (g > *gain) {
            *gain = g;
            best = paint;
        }
    }
    return best;
}

Value Painting::value_of(Worker& worker, const Candidate& candidate, const Bench& bench) {
    evaluations_.fetch_add(1, std::memory_order_relaxed);
    CoverageSurface& coverage = worker.coverage;
    worker.cover(specs_, candidate, bench.window, width_);
    const Rect rect = coverage.rect();
    if (coverage.spilled() || rect.empty()) return {-1e300, {}, {}};
    ScoreSums sums;
    for (int y = rect.top; y < rect.bottom; ++y) {
        const std::size_t at = std::size_t(y - bench.window.top) * bench.stride + (rect.left - bench.window.left);
        ScorePlanes planes{};
        for (int c = 0; c < 3; ++c) {
            planes.under[c] = bench.under[c] + at;
            planes.residual[c] = bench.residual[c] + at;
        }
        planes.through = bench.through == nullptr ? nullptr : bench.through + at;
        planes.weight = weight_.empty() ? nullptr : weight_.data() + std::size_t(y) * stride_ + rect.left;
        score_row(coverage.row(y) + rect.left, planes, rect.width(), sums);
    }
    double gain = 0;
    const Rgb color = best_color(sums.weight2, {sums.pull[0], sums.pull[1], sums.pull[2]}, &gain);
    return {gain - sums.bare, color, rect};
}

namespace {

template <class Work>
void in_threads(std::size_t count, int threads, const Work& work) {
    const std::size_t num = std::min<std::size_t>(count, static_cast<std::size_t>(std::max(threads, 1)));
    std::vector<std::exception_ptr> errors(num);
    std::atomic<std::size_t> next{0};
    auto run = [&](std::size_t who) {
        try {
            for (std::size_t i = next++; i < count; i = next++) work(who, i);
        } catch (...) {
            errors[who] = std::current_exception();
        }
    };
    std::vector<std::thread> others;
    for (std::size_t t = 1; t < num; ++t) others.emplace_back(run, t);
    if (num > 0) run(0);
    for (auto& t : others) t.join();
    for (const auto& e : errors) {
        if (e) std::rethrow_exception(e);
    }
}

}  // namespace

void Painting::evaluate(const Candidate* candidates, std::size_t count, std::size_t layer, int threads,
                        Value* values) {
    const Bench bench = layer >= size() ? top_bench() : open_bench(layer, {0, 0, width_, height_});
    worker(static_cast<std::size_t>(std::max(threads, 1)));
    in_threads(count, threads,
               [&](std::size_t who, std::size_t i) { values[i] = value_of(*workers_[who], candidates[i], bench); });
}

void Painting::climb(Candidate* candidates, std::size_t count, std::size_t layer, int steps, double scale,
                     const Limits& limits, std::uint64_t seed, int threads, Value* values) {
    const Bench bench = layer >= size() ? top_bench() : open_bench(layer, {0, 0, width_, height_});
    worker(static_cast<std::size_t>(std::max(threads, 1)));
    in_threads(count, threads, [&](std::size_t who, std::size_t i) {
        values[i] = climb_one(*workers_[who], candidates[i], bench, steps, scale, limits, seed + i);
    });
}

void Painting::extend(const Candidate* strokes, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) layers_.push_back(make_layer(strokes[i]));
    recompose();
}

Rect Painting::insert(std::size_t at, const Candidate& stroke) {
    Layer layer = make_layer(stroke);
    const Rect rect = layer.rect;
    layers_.insert(layers_.begin() + static_cast<std::ptrdiff_t>(at), std::move(layer));
    if (!rect.empty()) close_bench(open_bench(at, rect), &layers_[at]);
    return rect;
}

Rect Painting::replace(std::size_t at, const Candidate& stroke) {
    Layer layer = make_layer(stroke);
    Rect rect = layer.rect;
    rect.join(layers_[at].rect);
    layers_[at] = std::move(layer);
    if (!rect.empty()) close_bench(open_bench(at, rect), &layers_[at]);
    return rect;
}

Rect Painting::remove(std::size_t at) {
    const Rect rect = layers_[at].rect;
    if (!rect.empty()) close_bench(open_bench(at, rect), nullptr);
    layers_.erase(layers_.begin() + static_cast<std::ptrdiff_t>(at));
    return rect;
}

double Painting::revise(std::size_t at, int steps, double scale, const Limits& limits, std::uint64_t seed,
                        Rect* changed) {
    const Layer& old = layers_[at];
    const int reach = std::max(old.rect.width(), old.rect.height());
    const int margin = std::clamp(reach / 2, 4, 64);
    const Rect window = Rect{old.rect.left - margin, old.rect.top - margin, old.rect.right + margin,
                             old.rect.bottom + margin}
                            .meet({0, 0, width_, height_});
    if (window.empty()) return 0;
    const Bench bench = open_bench(at, window);
    Worker& w = worker(0);
    const double before = value_of(w, old.stroke, bench).gain;
    Candidate best = old.stroke;
    const Value value = climb_one(w, best, bench, steps, scale, limits, seed);
    if (value.gain <= before) return 0;
    const Rect old_rect = old.rect;
    layers_[at] = make_layer(best);
    close_bench(bench, &layers_[at]);
    *changed = layers_[at].rect;
    changed->join(old_rect);
    return value.gain - before;
}

// shares[i]: how much of the final picture each pixel of stroke i's rectangle owes to that stroke.
void Painting::share_paint(std::vector<std::vector<float>>& shares) const {
    std::vector<float> through(std::size_t(height_) * width_, 1.0f);
    shares.resize(layers_.size());
    for (std::size_t i = layers_.size(); i-- > 0;) {
        const Layer& layer = layers_[i];
        const Rect& r = layer.rect;
        shares[i].resize(layer.alpha.size());
        std::size_t from = 0;
        for (int y = r.top; y < r.bottom; ++y) {
            float* row = through.data() + std::size_t(y) * width_ + r.left;
            for (int x = 0; x < r.width(); ++x, ++from) {
                const float a = static_cast<float>(layer.alpha[from]) * (1.0f / kAlphaUnit);
                shares[i][from] = row[x] * a;
                row[x] *= 1.0f - a;
            }
        }
    }
}

void Painting::removal_losses(double* out) const {
    const std::size_t plane = std::size_t(height_) * stride_;
    std::vector<std::vector<float>> shares;
    share_paint(shares);
    std::vector<float> under(3 * plane);
    for (int c = 0; c < 3; ++c) std::fill_n(under.data() + c * plane, plane, static_cast<float>(background_[c]));
    for (std::size_t i = 0; i < layers_.size(); ++i) {
        const Layer& layer = layers_[i];
        const Rect& r = layer.rect;
        const double color[3] = {layer.stroke.row.red, layer.stroke.row.green, layer.stroke.row.blue};
        double loss = 0;
        std::size_t from = 0;
        for (int y = r.top; y < r.bottom; ++y) {
            const std::size_t at = std::size_t(y) * stride_ + r.left;
            for (int x = 0; x < r.width(); ++x, ++from) {
                const double w = weight_.empty() ? 1.0 : static_cast<double>(weight_[at + x]);
                const float a = static_cast<float>(layer.alpha[from]) * (1.0f / kAlphaUnit);
                for (int c = 0; c < 3; ++c) {
                    float& u = under[c * plane + at + x];
                    const auto color_c = static_cast<float>(color[c]);
                    const double change = static_cast<double>(shares[i][from] * (color_c - u));
                    const double residual = residual_[c * plane + at + x];
                    loss += w * change * (2 * residual + change);
                    u += a * (color_c - u);
                }
            }
        }
        out[i] = loss;
    }
}

void Painting::solve_colors(int sweeps) {
    const std::size_t plane = std::size_t(height_) * stride_;
    std::vector<std::vector<float>> shares;
    share_paint(shares);
    for (int sweep = 0; sweep < sweeps; ++sweep) {
        // Forwards and backwards in turn, which carries corrections through stacks of strokes faster.
        for (std::size_t n = 0; n < layers_.size(); ++n) {
            const std::size_t i = sweep % 2 == 0 ? layers_.size() - 1 - n : n;
            Layer& layer = layers_[i];
            const Rect& r = layer.rect;
            double* color[3] = {&layer.stroke.row.red, &layer.stroke.row.green, &layer.stroke.row.blue};
            ScoreSums sums;
            std::size_t from = 0;
            for (int y = r.top; y < r.bottom; ++y) {
                const std::size_t at = std::size_t(y) * stride_ + r.left;
                float weight2 = 0, pull[3] = {0, 0, 0};
                for (int x = 0; x < r.width(); ++x, ++from) {
                    const float share = shares[i][from];
                    const float ws = weight_.empty() ? share : share * weight_[at + x];
                    weight2 += ws * share;
                    for (int c = 0; c < 3; ++c) pull[c] += ws * residual_[c * plane + at + x];
                }
                sums.weight2 += weight2;
                for (int c = 0; c < 3; ++c) sums.pull[c] += pull[c];
            }
            if (sums.weight2 <= 1e-9) continue;
            Rgb pull;
            for (int c = 0; c < 3; ++c) pull[c] = sums.pull[c] + *color[c] * sums.weight2;
            double gain = 0;
            const Rgb solved = best_color(sums.weight2, pull, &gain);
            float change[3];
            bool same = true;
            for (int c = 0; c < 3; ++c) {
                change[c] = static_cast<float>(solved[c] - *color[c]);
                same = same && change[c] == 0.0f;
                *color[c] = solved[c];
            }
            if (same) continue;
            from = 0;
            for (int y = r.top; y < r.bottom; ++y, from += static_cast<std::size_t>(r.width())) {
                const std::size_t at = std::size_t(y) * stride_ + r.left;
                for (int c = 0; c < 3; ++c) {
                    for (int x = 0; x < r.width(); ++x) {
                        const float d = shares[i][from + x] * change[c];
                        residual_[c * plane + at + x] -= d;
                        canvas_[c * plane + at + x] += d;
                    }
                }
            }
        }
    }
    recompose();
}

}  // namespace spiral
