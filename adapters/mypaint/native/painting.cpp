#include "painting.h"

#include <exception>
#include <stdexcept>
#include <thread>

namespace spiral {

namespace {

constexpr double kImpossible = -1e300;
constexpr double kLeastGain = 1e-7;  // less is rounding

// What a colour adds to the gain of a stroke.
double worth_of(const Rgb& c, double weight2, const Rgb& pull) {
    double g = 0;
    for (int i = 0; i < 3; ++i) g += c[i] * (2 * pull[i] - c[i] * weight2);
    return g;
}

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

Painting::Painting(int height, int width, const float* target, const float* weight, const Rgb& background,
                   const std::vector<int>& factors)
    : height_(height), width_(width), stride_(padded(width)), background_(background) {
    const std::size_t plane = std::size_t(height) * stride_;
    target_.assign(3 * plane, 0.0f);
    if (weight != nullptr) weight_.assign(plane, 0.0f);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            const std::size_t at = std::size_t(y) * stride_ + x, from = std::size_t(y) * width + x;
            for (int c = 0; c < 3; ++c) target_[c * plane + at] = target[3 * from + c];
            if (weight != nullptr) weight_[at] = weight[from];
        }
    }
    for (const int factor : factors) {
        if (factor != 1 && factor != 2 && factor != 4) {
            throw std::invalid_argument("sizes: " + std::to_string(factor) + ", must be 1, 2 or 4");
        }
        scales_.emplace_back(height, width, factor, target_, weight_);
    }
    if (scales_.empty()) throw std::invalid_argument("sizes: empty, must name at least one size");
    recompose();
}

int Painting::add_brush(BrushSpec spec) {
    const Brush probe(spec);  // throws if libmypaint refuses it
    specs_.push_back(std::move(spec));
    return static_cast<int>(specs_.size()) - 1;
}

void Painting::prepare_workers(std::size_t count) {
    while (workers_.size() < std::max<std::size_t>(count, 1)) {
        Worker worker;
        for (const Scale& scale : scales_) {
            worker.push_back(std::make_unique<MarkMaker>(scale.fine_height(), scale.fine_width()));
        }
        workers_.push_back(std::move(worker));
    }
}

void Painting::recompose() {
    for (std::size_t s = 0; s < scales_.size(); ++s) scales_[s].recompose(layers_, s, background_);
}

double Painting::error() const {
    double total = 0;
    for (const Scale& scale : scales_) total += scale.error();
    return total / static_cast<double>(scales_.size());
}

void Painting::canvas(float* out) const {
    const Scale& scale = scales_.front();
    const int f = scale.factor();
    for (int y = 0; y < height_; ++y) {
        for (int x = 0; x < width_; ++x) {
            for (int c = 0; c < 3; ++c) {
                float sum = 0;
                for (int k = 0; k < f * f; ++k) {
                    sum += scale.canvas(c)[std::size_t(y * f + k / f) * scale.fine_stride() + x * f + k % f];
                }
                *out++ = sum / static_cast<float>(f * f);
            }
        }
    }
}

void Painting::error_map(float* out) const {
    for (int y = 0; y < height_; ++y) {
        for (int x = 0; x < width_; ++x) {
            const std::size_t at = std::size_t(y) * stride_ + x;
            float e = 0;
            for (const Scale& scale : scales_) {
                for (int c = 0; c < 3; ++c) e += scale.residual(c)[at] * scale.residual(c)[at];
            }
            e /= static_cast<float>(scales_.size());
            *out++ = weight_.empty() ? e : e * weight_[at];
        }
    }
}

Layer Painting::make_layer(const Candidate& stroke) {
    prepare_workers(1);
    Layer layer{stroke, {}};
    for (std::size_t s = 0; s < scales_.size(); ++s) {
        MarkMaker& maker = *workers_[0][s];
        const Scale& scale = scales_[s];
        maker.cover(specs_, stroke, {0, 0, scale.fine_width(), scale.fine_height()}, scale.fine_width());
        layer.marks.push_back(scale.mark_of(maker));
    }
    return layer;
}

Rect Painting::picture_rect(const Layer& layer) const {
    Rect rect;
    for (std::size_t s = 0; s < scales_.size(); ++s) rect.join(scales_[s].to_picture(layer.marks[s].rect));
    return rect;
}

Painting::Benches Painting::top_benches() const {
    Benches benches;
    for (const Scale& scale : scales_) benches.push_back(scale.top_bench());
    return benches;
}

Painting::Benches Painting::open_benches(std::size_t layer, const Rect& window) const {
    Benches benches;
    for (std::size_t s = 0; s < scales_.size(); ++s) {
        benches.push_back(scales_[s].open_bench(layers_, s, layer, window, background_));
    }
    return benches;
}

void Painting::close_benches(const Benches& benches, const Layer* layer) {
    for (std::size_t s = 0; s < scales_.size(); ++s) {
        const Mark* mark = layer == nullptr ? nullptr : &layer->marks[s];
        scales_[s].close_bench(benches[s], mark, layer == nullptr ? Rgb{} : layer->stroke.color());
    }
}

Rgb Painting::best_color(double weight2, const Rgb& pull, double* gain) const {
    auto worth = [&](const Rgb& c) { return worth_of(c, weight2, pull); };
    Rgb best{};
    if (palette_.empty()) {
        for (int i = 0; i < 3; ++i) best[i] = weight2 > 0 ? std::clamp(pull[i] / weight2, 0.0, 1.0) : 0.0;
        *gain = worth(best);
        return best;
    }
    *gain = kImpossible;
    for (const Rgb& paint : palette_) {
        const double g = worth(paint);
        if (g > *gain) {
            *gain = g;
            best = paint;
        }
    }
    return best;
}

bool Painting::sums_of(Worker& worker, const Candidate& candidate, const Benches& benches, ScoreSums& sums,
                       Rect& rect) {
    evaluations_.fetch_add(1, std::memory_order_relaxed);
    for (std::size_t s = 0; s < scales_.size(); ++s) {
        MarkMaker& maker = *worker[s];
        maker.cover(specs_, candidate, benches[s].fine, scales_[s].fine_width());
        if (maker.coverage.spilled()) return false;
        if (maker.coverage.rect().empty()) continue;  // may still be seen at another size
        scales_[s].add_sums(maker, benches[s], sums);
        rect.join(scales_[s].to_picture(maker.coverage.rect()));
    }
    return !rect.empty();
}

Value Painting::value_of(Worker& worker, const Candidate& candidate, const Benches& benches) {
    ScoreSums sums;
    Rect rect;
    if (!sums_of(worker, candidate, benches, sums, rect)) return {kImpossible, {}, {}};
    double gain = 0;
    const Rgb color = best_color(sums.weight2, {sums.pull[0], sums.pull[1], sums.pull[2]}, &gain);
    return {(gain - sums.bare) / static_cast<double>(scales_.size()), color, rect};
}

double Painting::gain_as_colored(Worker& worker, const Candidate& stroke, const Benches& benches) {
    ScoreSums sums;
    Rect rect;
    if (!sums_of(worker, stroke, benches, sums, rect)) return kImpossible;
    const double gain = worth_of(stroke.color(), sums.weight2, {sums.pull[0], sums.pull[1], sums.pull[2]});
    return (gain - sums.bare) / static_cast<double>(scales_.size());
}

void Painting::evaluate(const Candidate* candidates, std::size_t count, std::size_t layer, int threads,
                        Value* values) {
    const Benches benches = layer >= size() ? top_benches() : open_benches(layer, {0, 0, width_, height_});
    prepare_workers(static_cast<std::size_t>(std::max(threads, 1)));
    in_threads(count, threads,
               [&](std::size_t who, std::size_t i) { values[i] = value_of(workers_[who], candidates[i], benches); });
}

void Painting::climb(Candidate* candidates, std::size_t count, std::size_t layer, int steps, double scale,
                     const Limits& limits, std::uint64_t seed, int threads, Value* values) {
    const Benches benches = layer >= size() ? top_benches() : open_benches(layer, {0, 0, width_, height_});
    prepare_workers(static_cast<std::size_t>(std::max(threads, 1)));
    in_threads(count, threads, [&](std::size_t who, std::size_t i) {
        values[i] = climb_one(workers_[who], candidates[i], benches, steps, scale, limits, seed + i);
    });
}

void Painting::extend(const Candidate* strokes, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) layers_.push_back(make_layer(strokes[i]));
    recompose();
}

Rect Painting::insert(std::size_t at, const Candidate& stroke) {
    layers_.insert(layers_.begin() + static_cast<std::ptrdiff_t>(at), make_layer(stroke));
    const Rect rect = picture_rect(layers_[at]);
    if (!rect.empty()) close_benches(open_benches(at, rect), &layers_[at]);
    return rect;
}

Rect Painting::replace(std::size_t at, const Candidate& stroke) {
    Rect rect = picture_rect(layers_[at]);
    layers_[at] = make_layer(stroke);
    rect.join(picture_rect(layers_[at]));
    if (!rect.empty()) close_benches(open_benches(at, rect), &layers_[at]);
    return rect;
}

Rect Painting::remove(std::size_t at) {
    const Rect rect = picture_rect(layers_[at]);
    if (!rect.empty()) close_benches(open_benches(at, rect), nullptr);
    layers_.erase(layers_.begin() + static_cast<std::ptrdiff_t>(at));
    return rect;
}

double Painting::revise(std::size_t at, int steps, double scale, const Limits& limits, std::uint64_t seed,
                        Rect* changed) {
    const Rect old = picture_rect(layers_[at]);
    if (old.empty()) return 0;
    const int margin = std::clamp(std::max(old.width(), old.height()) / 2, 4, 64);
    const Rect window =
        Rect{old.left - margin, old.top - margin, old.right + margin, old.bottom + margin}.meet({0, 0, width_, height_});
    const Benches benches = open_benches(at, window);
    prepare_workers(1);
    // As it is coloured now: under strokes that changed since, another colour may be better.
    const double before = gain_as_colored(workers_[0], layers_[at].stroke, benches);
    Candidate best = layers_[at].stroke;
    const Value value = climb_one(workers_[0], best, benches, steps, scale, limits, seed);
    if (value.gain <= before + kLeastGain) return 0;
    layers_[at] = make_layer(best);
    close_benches(benches, &layers_[at]);
    *changed = picture_rect(layers_[at]);
    changed->join(old);
    return value.gain - before;
}

void Painting::removal_losses(double* out) const {
    std::fill_n(out, size(), 0.0);
    for (std::size_t s = 0; s < scales_.size(); ++s) scales_[s].add_removal_losses(layers_, s, background_, out);
    for (std::size_t i = 0; i < size(); ++i) out[i] /= static_cast<double>(scales_.size());
}

void Painting::solve_colors(int sweeps) {
    const std::size_t plane = std::size_t(height_) * stride_;
    std::vector<std::vector<Scale::Share>> shares;
    for (std::size_t s = 0; s < scales_.size(); ++s) shares.push_back(scales_[s].shares(layers_, s));
    for (int sweep = 0; sweep < sweeps; ++sweep) {
        // Forwards and backwards in turn, which carries corrections through stacks of strokes faster.
        for (std::size_t n = 0; n < layers_.size(); ++n) {
            const std::size_t i = sweep % 2 == 0 ? layers_.size() - 1 - n : n;
            StrokeRow& row = layers_[i].stroke.row;
            double weight2 = 0;
            Rgb pull{};
            for (std::size_t s = 0; s < scales_.size(); ++s) {
                const Rect& r = shares[s][i].rect;
                const float* part = shares[s][i].part.data();
                const float* residual = scales_[s].residual(0);
                for (int y = r.top; y < r.bottom; ++y, part += r.width()) {
                    const std::size_t at = std::size_t(y) * stride_ + r.left;
                    float row_weight2 = 0, row_pull[3] = {0, 0, 0};
                    for (int x = 0; x < r.width(); ++x) {
                        const float ws = weight_.empty() ? part[x] : part[x] * weight_[at + x];
                        row_weight2 += ws * part[x];
                        for (int c = 0; c < 3; ++c) row_pull[c] += ws * residual[c * plane + at + x];
                    }
                    weight2 += row_weight2;
                    for (int c = 0; c < 3; ++c) pull[c] += row_pull[c];
                }
            }
            const Rgb old = layers_[i].stroke.color();
            if (weight2 <= 1e-9) {  // nothing of it is seen or counts
                if (palette_.empty()) continue;
                weight2 = 1;  // the paint nearest to what it was
                pull = {};
            }
            for (int c = 0; c < 3; ++c) pull[c] += old[c] * weight2;
            double gain = 0;
            const Rgb solved = best_color(weight2, pull, &gain);
            if (solved == old) continue;
            row.red = solved[0];
            row.green = solved[1];
            row.blue = solved[2];
            for (std::size_t s = 0; s < scales_.size(); ++s) {
                const Rect& r = shares[s][i].rect;
                for (int c = 0; c < 3; ++c) {
                    const auto change = static_cast<float>(solved[c] - old[c]);
                    const float* part = shares[s][i].part.data();
                    for (int y = r.top; y < r.bottom; ++y, part += r.width()) {
                        float* residual = scales_[s].residual(c) + std::size_t(y) * stride_ + r.left;
                        for (int x = 0; x < r.width(); ++x) residual[x] -= part[x] * change;
                    }
                }
            }
        }
    }
    recompose();
}

}  // namespace spiral
