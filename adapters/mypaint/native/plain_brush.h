// The dabs of a plain brush, worked out without libmypaint's general machinery.
//
// Most of the time of a small stroke goes into libmypaint's brush engine, which for every dab evaluates 64
// settings over 18 inputs. A plain brush (width, opacity and hardness that depend on nothing but pressure, speed
// and chance, placed with or without a lag) needs a handful of them. Planning and drawing take this short cut;
// tests hold it to libmypaint's dabs, bit by bit. The arithmetic is libmypaint's (mypaint-brush.c, ISC licence,
// (C) Martin Renold et al.), in its order and precision; only what cannot change a dab is left out.
#pragma once

#include <memory>
#include <optional>
#include <utility>
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

    // Calls sink(Dab) for each dab of the stroke. `fixed_events` as in Brush::draw.
    template <class Sink>
    void draw(const StrokeRow& stroke, std::int32_t seed, double width_px, int fixed_events, Sink&& sink);

  private:
    enum Input { kPressure, kSpeed1, kSpeed2, kRandom, kInputs };

    // How a setting follows from the inputs: a base value and what polylines over some of them add.
    struct Setting {
        struct Curve {
            Input input;
            std::vector<std::pair<float, float>> points;
        };
        float base = 0;
        std::vector<Curve> curves;
        float at(const float (&inputs)[kInputs]) const;
    };
    // Something that follows with a lag: the share of the way it goes in `time`.
    struct Lag {
        float constant = 0, last_time = -1, share = 1;
        float over(float time);
    };
    struct Speed {
        bool used = false;
        float gamma = 0, scale = 0, offset = 0;
        Lag lag;
        float slow = 0;
        float input() const;
    };
    struct Step {
        float dabs, x, y, pressure, seconds;
    };
    // Where the pen is, and where the dabs are, which may lag behind.
    struct State {
        float x, y, pressure, dab_x, dab_y, radius_log, radius, partial_dabs;
    };

    PlainBrush() = default;
    bool read(MyPaintBrush* brush);
    bool read(MyPaintBrush* brush, MyPaintBrushSetting id, Setting& setting);
    void begin(const StrokeRow& stroke, std::int32_t seed, double width_px);
    void move(const Step& step);
    float dabs_to(float x, float y, double seconds) const;
    float linearized(float opaque);
    Dab make_dab();
    double next_random();
    float gauss();

    Setting radius_log_, opaque_, opaque_multiply_, hardness_, offset_by_random_, radius_by_random_;
    Speed speeds_[2];
    Lag dab_lag_;
    float event_share_ = 1;  // of the way to an event that the pen goes
    float anti_aliasing_ = 0, opaque_linearize_ = 0, gain_ = 1, angle_ = 0, opaque_base_ = 1;
    float dabs_per_actual_ = 0, dabs_per_basic_ = 0, dabs_per_second_ = 0;
    bool uses_random_ = false, time_matters_ = false;
    std::unique_ptr<RngDouble, void (*)(RngDouble*)> generator_{nullptr, nullptr};

    State s_{};
    Dab dab_{};  // what is the same for all dabs of a stroke
    float base_radius_ = 1, base_radius_in_limits_ = 1;
    float inputs_[kInputs] = {};
    float last_opaque_ = -1, last_linearized_ = 0;
};

template <class Sink>
void PlainBrush::draw(const StrokeRow& r, std::int32_t seed, double width_px, int fixed_events, Sink&& sink) {
    begin(r, seed, width_px);
    const int count = fixed_events > 0 ? fixed_events : time_matters_ ? kMaxEvents : events_for(r);
    for (int i = 1; i <= count; ++i) {
        const double t = static_cast<double>(i) / count;
        const double u = 1.0 - t;
        const double bx = u * u * r.start_x + 2 * u * t * r.control_x + t * t * r.end_x;
        const double by = u * u * r.start_y + 2 * u * t * r.control_y + t * t * r.end_y;
        const auto pressure = static_cast<float>(r.start_pressure + t * (r.end_pressure - r.start_pressure));
        const float x = s_.x + (static_cast<float>(bx * width_px) - s_.x) * event_share_;
        const float y = s_.y + (static_cast<float>(by * width_px) - s_.y) * event_share_;
        double seconds = kEventSeconds;
        float moved = s_.partial_dabs;
        float todo = dabs_to(x, y, seconds);
        while (moved + todo >= 1.0f) {
            float step = 1.0f;
            if (moved > 0) {
                step = 1.0f - moved;
                moved = 0;
            }
            const float part = step / todo;
            const auto passed = static_cast<float>(part * seconds);
            move({step, part * (x - s_.x), part * (y - s_.y), part * (pressure - s_.pressure), passed});
            sink(make_dab());
            if (uses_random_) inputs_[kRandom] = static_cast<float>(next_random());
            seconds -= passed;
            todo = dabs_to(x, y, seconds);
        }
        move({todo, x - s_.x, y - s_.y, pressure - s_.pressure, static_cast<float>(seconds)});
        s_.partial_dabs = moved + todo;
    }
}

}  // namespace spiral
