#include "plain_brush.h"

#include <algorithm>
#include <cmath>

extern "C" {
RngDouble* rng_double_new(long seed);
void rng_double_set_seed(RngDouble* self, long seed);
double rng_double_next(RngDouble* self);
void rng_double_free(RngDouble* self);
}

namespace spiral {

namespace {

constexpr float kLeastRadius = 0.2f, kLargestRadius = 1000.0f;

// Settings that must have no effect at all; others not named here have none without these.
constexpr MyPaintBrushSetting kMustBeZero[] = {
    MYPAINT_BRUSH_SETTING_DABS_PER_SECOND,     MYPAINT_BRUSH_SETTING_OFFSET_BY_SPEED,
    MYPAINT_BRUSH_SETTING_SLOW_TRACKING,       MYPAINT_BRUSH_SETTING_SLOW_TRACKING_PER_DAB,
    MYPAINT_BRUSH_SETTING_TRACKING_NOISE,      MYPAINT_BRUSH_SETTING_SMUDGE,
    MYPAINT_BRUSH_SETTING_ERASER,              MYPAINT_BRUSH_SETTING_LOCK_ALPHA,
    MYPAINT_BRUSH_SETTING_COLORIZE,            MYPAINT_BRUSH_SETTING_SNAP_TO_PIXEL,
    MYPAINT_BRUSH_SETTING_OFFSET_X,            MYPAINT_BRUSH_SETTING_OFFSET_Y,
    MYPAINT_BRUSH_SETTING_OFFSET_ANGLE,        MYPAINT_BRUSH_SETTING_OFFSET_ANGLE_ASC,
    MYPAINT_BRUSH_SETTING_OFFSET_ANGLE_VIEW,   MYPAINT_BRUSH_SETTING_OFFSET_ANGLE_2,
    MYPAINT_BRUSH_SETTING_OFFSET_ANGLE_2_ASC,  MYPAINT_BRUSH_SETTING_OFFSET_ANGLE_2_VIEW,
    MYPAINT_BRUSH_SETTING_CHANGE_COLOR_H,      MYPAINT_BRUSH_SETTING_CHANGE_COLOR_L,
    MYPAINT_BRUSH_SETTING_CHANGE_COLOR_HSL_S,  MYPAINT_BRUSH_SETTING_CHANGE_COLOR_V,
    MYPAINT_BRUSH_SETTING_CHANGE_COLOR_HSV_S,
};
// Settings whose base value alone counts.
constexpr MyPaintBrushSetting kMustBeConstant[] = {
    MYPAINT_BRUSH_SETTING_OPAQUE_LINEARIZE,       MYPAINT_BRUSH_SETTING_ANTI_ALIASING,
    MYPAINT_BRUSH_SETTING_DABS_PER_BASIC_RADIUS,  MYPAINT_BRUSH_SETTING_DABS_PER_ACTUAL_RADIUS,
    MYPAINT_BRUSH_SETTING_ELLIPTICAL_DAB_RATIO,   MYPAINT_BRUSH_SETTING_ELLIPTICAL_DAB_ANGLE,
};

float polyline(const std::vector<std::pair<float, float>>& points, float x) {
    float x0 = points[0].first, y0 = points[0].second, x1 = points[1].first, y1 = points[1].second;
    for (std::size_t i = 2; i < points.size() && x > x1; ++i) {
        x0 = x1;
        y0 = y1;
        x1 = points[i].first;
        y1 = points[i].second;
    }
    if (x0 == x1 || y0 == y1) return y0;
    return (y1 * (x - x0) + y0 * (x1 - x)) / (x1 - x0);
}

}  // namespace

PlainBrush::PlainBrush(PlainBrush&&) noexcept = default;
PlainBrush::~PlainBrush() = default;

float PlainBrush::Setting::at(float pressure_value, float random_value) const {
    float result = base;
    if (!pressure.empty()) result += polyline(pressure, pressure_value);
    if (!random.empty()) result += polyline(random, random_value);
    return result;
}

std::optional<PlainBrush> PlainBrush::from(const BrushSpec& spec) {
    if (spec.pigment || spec.time_matters) return std::nullopt;
    const std::unique_ptr<MyPaintBrush, void (*)(MyPaintBrush*)> brush(mypaint_brush_new(), mypaint_brush_unref);
    MyPaintBrush* b = brush.get();
    mypaint_brush_from_defaults(b);
    if (!mypaint_brush_from_string(b, spec.json.c_str())) return std::nullopt;
    for (const auto id : kMustBeZero) {
        if (mypaint_brush_get_base_value(b, id) != 0 || !mypaint_brush_is_constant(b, id)) return std::nullopt;
    }
    for (const auto id : kMustBeConstant) {
        if (!mypaint_brush_is_constant(b, id)) return std::nullopt;
    }
    if (mypaint_brush_get_base_value(b, MYPAINT_BRUSH_SETTING_ELLIPTICAL_DAB_RATIO) > 1) return std::nullopt;

    PlainBrush plain;
    auto read = [&](MyPaintBrushSetting id, Setting& setting) {
        setting.base = mypaint_brush_get_base_value(b, id);
        for (int input = 0; input < MYPAINT_BRUSH_INPUTS_COUNT; ++input) {
            const auto which = static_cast<MyPaintBrushInput>(input);
            const int points = mypaint_brush_get_mapping_n(b, id, which);
            if (points == 0) continue;
            if (which != MYPAINT_BRUSH_INPUT_PRESSURE && which != MYPAINT_BRUSH_INPUT_RANDOM) return false;
            auto& to = which == MYPAINT_BRUSH_INPUT_PRESSURE ? setting.pressure : setting.random;
            for (int i = 0; i < points; ++i) {
                float x, y;
                mypaint_brush_get_mapping_point(b, id, which, i, &x, &y);
                to.emplace_back(x, y);
            }
        }
        plain.uses_random_ = plain.uses_random_ || !setting.random.empty();
        return true;
    };
    if (!read(MYPAINT_BRUSH_SETTING_RADIUS_LOGARITHMIC, plain.radius_log_) ||
        !read(MYPAINT_BRUSH_SETTING_OPAQUE, plain.opaque_) ||
        !read(MYPAINT_BRUSH_SETTING_OPAQUE_MULTIPLY, plain.opaque_multiply_) ||
        !read(MYPAINT_BRUSH_SETTING_HARDNESS, plain.hardness_) ||
        !read(MYPAINT_BRUSH_SETTING_OFFSET_BY_RANDOM, plain.offset_by_random_) ||
        !read(MYPAINT_BRUSH_SETTING_RADIUS_BY_RANDOM, plain.radius_by_random_)) {
        return std::nullopt;
    }
    for (const Setting* s : {&plain.offset_by_random_, &plain.radius_by_random_}) {
        plain.uses_random_ = plain.uses_random_ || s->base != 0 || !s->pressure.empty();
    }
    auto base = [&](MyPaintBrushSetting id) { return mypaint_brush_get_base_value(b, id); };
    plain.anti_aliasing_ = base(MYPAINT_BRUSH_SETTING_ANTI_ALIASING);
    plain.opaque_linearize_ = base(MYPAINT_BRUSH_SETTING_OPAQUE_LINEARIZE);
    plain.dabs_per_actual_ = base(MYPAINT_BRUSH_SETTING_DABS_PER_ACTUAL_RADIUS);
    plain.dabs_per_basic_ = base(MYPAINT_BRUSH_SETTING_DABS_PER_BASIC_RADIUS);
    plain.gain_ = expf(base(MYPAINT_BRUSH_SETTING_PRESSURE_GAIN_LOG));
    const float angle = base(MYPAINT_BRUSH_SETTING_ELLIPTICAL_DAB_ANGLE);
    auto modulo = [](float a, float n) { return static_cast<float>(a - n * std::floor(static_cast<double>(a / n))); };
    plain.angle_ = static_cast<float>(modulo(static_cast<float>(angle - 0.0f + 180.0), 180.0f) - 180.0);
    plain.generator_ = {rng_double_new(0), rng_double_free};
    return plain;
}

double PlainBrush::next_random() { return rng_double_next(generator_.get()); }

float PlainBrush::gauss() {
    double sum = 0.0;
    for (int i = 0; i < 4; ++i) sum += next_random();
    return static_cast<float>(sum * 1.73205080757 - 3.46410161514);
}

void PlainBrush::begin(const StrokeRow& r, std::int32_t seed, double width_px) {
    s_ = State{};
    stroke_radius_log_ = static_cast<float>(std::log(r.radius * width_px));
    base_radius_ = expf(stroke_radius_log_);
    stroke_opaque_ = opaque_.base * static_cast<float>(r.opacity);
    s_.x = s_.actual_x = static_cast<float>(r.start_x * width_px);
    s_.y = s_.actual_y = static_cast<float>(r.start_y * width_px);
    s_.pressure = static_cast<float>(r.start_pressure);
    if (uses_random_) {
        rng_double_set_seed(generator_.get(), seed);
        random_input_ = next_random();
    }
}

void PlainBrush::move(float dx, float dy, float dpressure) {
    s_.x += dx;
    s_.y += dy;
    s_.pressure += dpressure;
    if (s_.pressure <= 0.0f) s_.pressure = 0.0f;
    const float pressure = s_.pressure * gain_;
    const auto random = static_cast<float>(random_input_);
    auto varied = [&](const Setting& setting, float base) {
        float value = base;
        if (!setting.pressure.empty()) value += polyline(setting.pressure, pressure);
        if (!setting.random.empty()) value += polyline(setting.random, random);
        return value;
    };
    s_.radius_log = varied(radius_log_, stroke_radius_log_);
    s_.opaque = varied(opaque_, stroke_opaque_);
    s_.opaque_multiply = opaque_multiply_.at(pressure, random);
    s_.hardness = hardness_.at(pressure, random);
    s_.offset_by_random = offset_by_random_.at(pressure, random);
    s_.radius_by_random = radius_by_random_.at(pressure, random);
    s_.actual_x += s_.x - s_.actual_x;
    s_.actual_y += s_.y - s_.actual_y;
    s_.actual_radius = expf(s_.radius_log);
    if (s_.actual_radius < kLeastRadius) s_.actual_radius = kLeastRadius;
    if (s_.actual_radius > kLargestRadius) s_.actual_radius = kLargestRadius;
}

float PlainBrush::dabs_to(float x, float y) const {
    const float base_radius = std::clamp(base_radius_, kLeastRadius, kLargestRadius);
    const float actual = s_.actual_radius == 0.0f ? base_radius : s_.actual_radius;
    const float dist = hypotf(x - s_.x, y - s_.y);
    return dist / actual * dabs_per_actual_ + dist / base_radius * dabs_per_basic_ + 0.0f;
}

Dab PlainBrush::make_dab() {
    float opaque = std::max(0.0f, s_.opaque);
    opaque = std::clamp(opaque * s_.opaque_multiply, 0.0f, 1.0f);
    if (opaque_linearize_ != 0.0f) {
        if (opaque != last_alpha_) {
            float dabs_per_pixel = dabs_per_actual_ + dabs_per_basic_;
            dabs_per_pixel *= 2.0f;
            if (dabs_per_pixel < 1.0f) dabs_per_pixel = 1.0f;
            dabs_per_pixel = static_cast<float>(1.0 + opaque_linearize_ * (dabs_per_pixel - 1.0));
            const auto beta = static_cast<float>(1.0 - opaque);
            const float beta_dab = powf(beta, static_cast<float>(1.0 / dabs_per_pixel));
            last_alpha_ = opaque;
            last_dab_alpha_ = static_cast<float>(1.0 - beta_dab);
        }
        opaque = last_dab_alpha_;
    }
    float x = s_.actual_x, y = s_.actual_y;
    if (s_.offset_by_random != 0.0f) {
        const float amplitude = std::max(0.0f, s_.offset_by_random);
        x += gauss() * amplitude * base_radius_;
        y += gauss() * amplitude * base_radius_;
    }
    float radius = s_.actual_radius;
    if (s_.radius_by_random != 0.0f) {
        const float noise = gauss() * s_.radius_by_random;
        radius = std::clamp(expf(s_.radius_log + noise), kLeastRadius, kLargestRadius);
        const float ratio = s_.actual_radius / radius;
        const float correction = ratio * ratio;
        if (correction <= 1.0f) opaque *= correction;
    }
    float hardness = std::clamp(s_.hardness, 0.0f, 1.0f);
    const auto fadeout = static_cast<float>(radius * (1.0 - hardness));
    if (fadeout < anti_aliasing_) {
        // Softer, with the same optical radius, so that the edge fades over enough pixels.
        const auto optical = static_cast<float>(radius - (1.0 - hardness) * radius / 2.0);
        const auto softer =
            static_cast<float>((optical - (anti_aliasing_ / 2.0)) / (optical + (anti_aliasing_ / 2.0)));
        radius = static_cast<float>(anti_aliasing_ / (1.0 - softer));
        hardness = softer;
    }
    return {x, y, radius, hardness, 1.0f, angle_, opaque, 0, 0, 0, 1.0f, 0, 0, 0, 0, 0};
}

}  // namespace spiral
