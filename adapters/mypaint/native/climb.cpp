// Hill climbing of one stroke: small random changes, kept when the picture gets better.
#include <cmath>

#include "painting.h"

namespace spiral {

namespace {

// A small, fast generator (splitmix64 of Steele, Lea and Flood), so that a seed gives the same climb anywhere.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
    int below(int n) { return static_cast<int>(uniform() * n); }
    double normal() {
        // Sum of four uniforms: near enough to a bell, with bounded tails.
        return (uniform() + uniform() + uniform() + uniform() - 2.0) * 1.7320508075688772;
    }

  private:
    std::uint64_t state_;
};

// The first nine columns: places, pressures and radius.
double& field(StrokeRow& r, int k) { return (&r.start_x)[k]; }

// Of the curve s + 2 b t + a t^2; see spiral_core.search.proposals.curve_lengths.
double length(const StrokeRow& r) {
    const double ax = r.start_x - 2 * r.control_x + r.end_x, ay = r.start_y - 2 * r.control_y + r.end_y;
    const double bx = r.control_x - r.start_x, by = r.control_y - r.start_y;
    const double aa = ax * ax + ay * ay, ab = ax * bx + ay * by, bb = bx * bx + by * by;
    if (aa <= 1e-10 * bb) return std::hypot(r.end_x - r.start_x, r.end_y - r.start_y);
    if (aa <= 0) return 0;
    const double from = ab / aa, rest = std::max(bb / aa - from * from, 0.0);
    auto primitive = [rest](double u) {
        return u * std::sqrt(u * u + rest) + (rest > 1e-18 ? rest * std::asinh(u / std::sqrt(rest)) : 0.0);
    };
    return std::sqrt(aa) * (primitive(from + 1) - primitive(from));
}

// Ways to change a stroke; each has a step size of its own, which follows its success.
constexpr int kWays = 9;

// Changes a stroke at random in one way.
void change(StrokeRow& r, int way, double step, Random& random) {
    const double reach = (0.5 * r.radius + 0.25 * length(r)) * step;
    auto shift = [&](double& x, double& y) {
        x += random.normal() * reach;
        y += random.normal() * reach;
    };
    switch (way) {
        case 0: shift(r.start_x, r.start_y); break;
        case 1: shift(r.end_x, r.end_y); break;
        case 2: shift(r.control_x, r.control_y); break;
        case 3: {
            const double dx = random.normal() * reach, dy = random.normal() * reach;
            r.start_x += dx;
            r.start_y += dy;
            r.control_x += dx;
            r.control_y += dy;
            r.end_x += dx;
            r.end_y += dy;
            break;
        }
        case 4:
            shift(r.start_x, r.start_y);
            shift(r.control_x, r.control_y);
            shift(r.end_x, r.end_y);
            break;
        case 5: r.radius *= std::exp(0.5 * step * random.normal()); break;
        case 6: r.start_pressure += 0.5 * step * random.normal(); break;
        case 7: r.end_pressure += 0.5 * step * random.normal(); break;
        default: r.opacity += 0.5 * step * random.normal(); break;
    }
}

// Brings a stroke within limits; false if its length cannot be.
bool keep_within(StrokeRow& r, const Limits& limits, double aspect) {
    r.radius = std::clamp(r.radius, limits.min_radius, limits.max_radius);
    r.start_pressure = std::clamp(r.start_pressure, limits.min_pressure, 1.0);
    r.end_pressure = std::clamp(r.end_pressure, limits.min_pressure, 1.0);
    r.opacity = std::clamp(r.opacity, limits.min_opacity, limits.max_opacity);
    const double margin = r.radius;
    const double right = std::min(1.0 + margin, kCoordinateLimit), bottom = std::min(aspect + margin, kCoordinateLimit);
    for (double* x : {&r.start_x, &r.control_x, &r.end_x}) *x = std::clamp(*x, -margin, right);
    for (double* y : {&r.start_y, &r.control_y, &r.end_y}) *y = std::clamp(*y, -margin, bottom);
    const double l = length(r);
    return l >= limits.min_length && l <= limits.max_length;
}

}  // namespace

Value Painting::climb_one(Worker& worker, Candidate& best, const Benches& benches, int steps, double scale,
                          const Limits& limits, std::uint64_t seed) {
    Random random(seed);
    const double aspect = static_cast<double>(height_) / width_;
    auto colored = [](StrokeRow& row, const Rgb& color) {
        row.red = color[0];
        row.green = color[1];
        row.blue = color[2];
    };
    Value value = value_of(worker, best, benches);
    const bool opacity_free = limits.max_opacity > limits.min_opacity;
    const int ways = limits.fixed_radius ? 5 : opacity_free ? kWays : kWays - 1;
    double steps_of[kWays];
    std::fill_n(steps_of, kWays, scale);
    StrokeRow last_move{};
    bool repeat = false;
    int way = 0;
    for (int i = 0; i < steps; ++i) {
        Candidate trial = best;
        if (repeat) {
            // What has just helped may help again.
            for (int k = 0; k < 9; ++k) field(trial.row, k) += field(last_move, k);
            trial.row.opacity += last_move.opacity;
        } else {
            way = random.below(ways);
            change(trial.row, way, steps_of[way], random);
        }
        if (!keep_within(trial.row, limits, aspect)) {
            repeat = false;
            continue;
        }
        const Value tried = value_of(worker, trial, benches);
        if (tried.gain > value.gain) {
            for (int k = 0; k < 9; ++k) field(last_move, k) = field(trial.row, k) - field(best.row, k);
            last_move.opacity = trial.row.opacity - best.row.opacity;
            value = tried;
            best = trial;
            steps_of[way] = std::min(steps_of[way] * 1.5, 1.0);
            repeat = true;
        } else {
            if (!repeat) steps_of[way] = std::max(steps_of[way] * 0.93, 0.02);
            repeat = false;
        }
    }
    if (value.gain > -1e299) colored(best.row, value.color);
    return value;
}

}  // namespace spiral
