// A painting being planned: strokes as layers of known alpha over a target, so that any stroke can be tried,
// changed, recoloured or taken out under the strokes above it.
//
// With A the alpha of one stroke, u what lies under it, T how much of it the strokes above let through and S what
// they add, the picture is S + T (u + A (c - u)): linear in the colour c, which therefore is solved, not searched.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "scale.h"

namespace spiral {

// What a change of a stroke must respect, in canvas units.
struct Limits {
    double min_radius, max_radius;
    double min_length, max_length;
    double min_opacity;  // equal to max_opacity: opacity is not searched
    double max_opacity;
    double min_pressure;
    bool fixed_radius;  // a pen: one width, full pressure
};

struct Value {
    double gain;
    Rgb color;
    Rect rect;
};

class Painting {
  public:
    // target: (height, width, 3) in [0, 1]; weight: (height, width) or null; factors: the sizes to judge at.
    Painting(int height, int width, const float* target, const float* weight, const Rgb& background,
             const std::vector<int>& factors);
    Painting(const Painting&) = delete;
    Painting& operator=(const Painting&) = delete;

    int add_brush(BrushSpec spec);
    void set_palette(std::vector<Rgb> palette) { palette_ = std::move(palette); }
    int height() const { return height_; }
    int width() const { return width_; }
    std::size_t size() const { return layers_.size(); }
    const Candidate& stroke(std::size_t i) const { return layers_[i].stroke; }

    double error() const;               // weighted squared error, summed over pixels and channels; mean over sizes
    void canvas(float* out) const;      // (height, width, 3)
    void error_map(float* out) const;   // (height, width): weighted squared error, channels summed
    std::uint64_t evaluations() const { return evaluations_; }

    // Candidates, each alone on top (layer == size()) or in the place of a stroke.
    void evaluate(const Candidate* candidates, std::size_t count, std::size_t layer, int threads, Value* values);
    // Hill climbing from each candidate; afterwards candidates[i] is the best found, coloured.
    void climb(Candidate* candidates, std::size_t count, std::size_t layer, int steps, double scale,
               const Limits& limits, std::uint64_t seed, int threads, Value* values);

    void extend(const Candidate* strokes, std::size_t count);  // many on top at once
    Rect insert(std::size_t at, const Candidate& stroke);
    Rect replace(std::size_t at, const Candidate& stroke);
    Rect remove(std::size_t at);
    // Climbs the stroke in its place and keeps the result if it is better; returns what that gained (0: nothing).
    double revise(std::size_t at, int steps, double scale, const Limits& limits, std::uint64_t seed, Rect* changed);
    // How much the error would grow without each stroke.
    void removal_losses(double* out) const;
    // Solves the colours of all strokes together by sweeps of coordinate descent within [0, 1] or the palette.
    void solve_colors(int sweeps);

  private:
    using Benches = std::vector<Scale::Bench>;                   // one a scale
    using Worker = std::vector<std::unique_ptr<MarkMaker>>;      // one a scale

    Benches top_benches() const;
    Benches open_benches(std::size_t layer, const Rect& window) const;
    void close_benches(const Benches& benches, const Layer* layer);
    void recompose();  // the picture from its layers, without the rounding of many small changes
    Rect picture_rect(const Layer& layer) const;
    Layer make_layer(const Candidate& stroke);
    // Adds up what a candidate would change; false if it reaches over the benches or covers nothing.
    bool sums_of(Worker& worker, const Candidate& candidate, const Benches& benches, ScoreSums& sums, Rect& rect);
    Value value_of(Worker& worker, const Candidate& candidate, const Benches& benches);
    double gain_as_colored(Worker& worker, const Candidate& stroke, const Benches& benches);
    Value climb_one(Worker& worker, Candidate& candidate, const Benches& benches, int steps, double scale,
                    const Limits& limits, std::uint64_t seed);
    Rgb best_color(double weight2, const Rgb& pull, double* gain) const;
    void prepare_workers(std::size_t count);

    int height_, width_, stride_;
    Rgb background_;
    std::vector<float> target_, weight_;
    std::vector<Rgb> palette_;
    std::vector<BrushSpec> specs_;
    std::vector<Scale> scales_;
    std::vector<Layer> layers_;
    std::vector<Worker> workers_;
    std::atomic<std::uint64_t> evaluations_{0};
};

}  // namespace spiral
