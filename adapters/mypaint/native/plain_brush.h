// The dabs of a plain brush, worked out without libmypaint's general machinery.
//
// Most of the time of a small stroke goes into libmypaint's brush engine, which for every dab evaluates 64
// settings over 18 inputs. A plain brush (width, opacity and hardness that depend on nothing but pressure and
// chance) needs six of them. Planning tries hundreds of thousands of strokes, so it takes this short cut; every
// stroke that ends up on a canvas is painted by libmypaint itself. Tests hold the two to the same dabs, bit by
// bit; the arithmetic is libmypaint's (mypaint-brush.c, ISC licence, (C) Martin Renold et al.), in its order.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "brush.h"
#include "dab.h"

namespace spiral {

class PlainBrush {
  public:
    // The brush, if it is plain.
    static std::optional<PlainBrush> from(const BrushSpec& spec);

    PlainBrush(PlainBrush&&) noexcept;
    ~PlainBrush();

    // Calls sink(Dab) for each dab of the stroke; colours are left black.
    template <class Sink>
    void draw(const StrokeRow& stroke, std::int32_t seed, double width_px, Sink&& sink);

  private:
    // How a setting follows from pressure and chance: a base value and a polyline over each.
    struct Setting {
        float base = 0;
        std::vector<std::pair<float, float>> pressure, random;
        float at(float pressure_value, float random_value) const;
    };
    struct State {
        float x, y, pressure, actual_x, actual_y, actual_radius, partial_dabs;
        float radius_log, opaque, opaque_multiply, hardness, offset_by_random, radius_by_random;
    };

    PlainBrush() = default;
    void begin(const StrokeRow& stroke, std::int32_t seed, double width_px);
    void move(float dx, float dy, float dpressure);
    float dabs_to(float x, float y) const;
    Dab make_dab();
    double next_random();
    float gauss();

    Setting radius_log_, opaque_, opaque_multiply_, hardness_, offset_by_random_, radius_by_random_;
    float anti_aliasing_ = 0, opaque_linearize_ = 0, dabs_per_actual_ = 0, dabs_per_basic_ = 0, gain_ = 1, angle_ = 0;
    bool uses_random_ = false;
    std::unique_ptr<RngDouble, void (*)(RngDouble*)> generator_{nullptr, nullptr};

    State s_{};
    float stroke_radius_log_ = 0, base_radius_ = 1, stroke_opaque_ = 1;
    double random_input_ = 0;
    float last_alpha_ = -1, last_dab_alpha_ = 0;
};

template <class Sink>
void PlainBrush::draw(const StrokeRow& r, std::int32_t seed, double width_px, Sink&& sink) {
    begin(r, seed, width_px);
    const int count = events_for(r);
    for (int i = 1; i <= count; ++i) {
        const double t = static_cast<double>(i) / count;
        const double u = 1.0 - t;
        const double bx = u * u * r.start_x + 2 * u * t * r.control_x + t * t * r.end_x;
        const double by = u * u * r.start_y + 2 * u * t * r.control_y + t * t * r.end_y;
        const auto pressure = static_cast<float>(r.start_pressure + t * (r.end_pressure - r.start_pressure));
        const float x = s_.x + (static_cast<float>(bx * width_px) - s_.x);
        const float y = s_.y + (static_cast<float>(by * width_px) - s_.y);
        float moved = s_.partial_dabs;
        float todo = dabs_to(x, y);
        while (moved + todo >= 1.0f) {
            float step = 1.0f;
            if (moved > 0) {
                step = 1.0f - moved;
                moved = 0;
            }
            const float part = step / todo;
            move(part * (x - s_.x), part * (y - s_.y), part * (pressure - s_.pressure));
            sink(make_dab());
            if (uses_random_) random_input_ = next_random();
            todo = dabs_to(x, y);
        }
        move(x - s_.x, y - s_.y, pressure - s_.pressure);
        s_.partial_dabs = moved + todo;
    }
}

}  // namespace spiral
