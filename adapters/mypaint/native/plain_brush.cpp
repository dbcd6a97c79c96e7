#include "plain_brush.h"

#include <algorithm>
#include <cmath>

extern "C" {
// Exported by libmypaint 1.5 and 1.6 but in no installed header.
RngDouble* rng_double_new(long seed);
void rng_double_set_seed(RngDouble* self, long seed);
double rng_double_next(RngDouble* self);
void rng_double_free(RngDouble* self);
void hsv_to_rgb_float(float* h_to_r, float* s_to_g, float* v_to_b);
}

namespace spiral {

namespace {

constexpr float kLeastRadius = 0.2f, kLargestRadius = 1000.0f;
constexpr float kLeastStepSeconds = 0.001f;  // what libmypaint takes when rounding leaves a step no time

// Settings that must have no effect at all; others not named here have none without these.
constexpr MyPaintBrushSetting kMustBeZero[] = {
    MYPAINT_BRUSH_SETTING_OFFSET_BY_SPEED,    MYPAINT_BRUSH_SETTING_TRACKING_NOISE,
    MYPAINT_BRUSH_SETTING_SMUDGE,             MYPAINT_BRUSH_SETTING_ERASER,
    MYPAINT_BRUSH_SETTING_LOCK_ALPHA,         MYPAINT_BRUSH_SETTING_COLORIZE,
    MYPAINT_BRUSH_SETTING_SNAP_TO_PIXEL,      MYPAINT_BRUSH_SETTING_OFFSET_X,
    MYPAINT_BRUSH_SETTING_OFFSET_Y,           MYPAINT_BRUSH_SETTING_OFFSET_ANGLE,
    MYPAINT_BRUSH_SETTING_OFFSET_ANGLE_ASC,   MYPAINT_BRUSH_SETTING_OFFSET_ANGLE_VIEW,
    MYPAINT_BRUSH_SETTING_OFFSET_ANGLE_2,     MYPAINT_BRUSH_SETTING_OFFSET_ANGLE_2_ASC,
    MYPAINT_BRUSH_SETTING_OFFSET_ANGLE_2_VIEW, MYPAINT_BRUSH_SETTING_CHANGE_COLOR_H,
    MYPAINT_BRUSH_SETTING_CHANGE_COLOR_L,     MYPAINT_BRUSH_SETTING_CHANGE_COLOR_HSL_S,
    MYPAINT_BRUSH_SETTING_CHANGE_COLOR_V,     MYPAINT_BRUSH_SETTING_CHANGE_COLOR_HSV_S,
};
// Settings whose base value alone counts.
constexpr MyPaintBrushSetting kMustBeConstant[] = {
    MYPAINT_BRUSH_SETTING_OPAQUE_LINEARIZE,      MYPAINT_BRUSH_SETTING_ANTI_ALIASING,
    MYPAINT_BRUSH_SETTING_DABS_PER_BASIC_RADIUS, MYPAINT_BRUSH_SETTING_DABS_PER_ACTUAL_RADIUS,
    MYPAINT_BRUSH_SETTING_DABS_PER_SECOND,       MYPAINT_BRUSH_SETTING_ELLIPTICAL_DAB_RATIO,
    MYPAINT_BRUSH_SETTING_ELLIPTICAL_DAB_ANGLE,  MYPAINT_BRUSH_SETTING_SLOW_TRACKING,
    MYPAINT_BRUSH_SETTING_SLOW_TRACKING_PER_DAB, MYPAINT_BRUSH_SETTING_SPEED1_SLOWNESS,
    MYPAINT_BRUSH_SETTING_SPEED2_SLOWNESS,
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

// What glibc's hypotf comes to, without the call.
float length(float x, float y) {
    const double squared = static_cast<double>(x) * x + static_cast<double>(y) * y;
    return static_cast<float>(std::sqrt(squared));
}

}  // namespace

PlainBrush::PlainBrush(PlainBrush&&) noexcept = default;
PlainBrush::~PlainBrush() = default;

float PlainBrush::Setting::at(const float (&inputs)[kInputs]) const {
    float result = base;
    for (const Curve& curve : curves) result += polyline(curve.points, inputs[curve.input]);
    return result;
}

float PlainBrush::Lag::over(float time) {
    if (time != last_time) {
        last_time = time;
        share = constant <= 0.001 ? 1.0f : static_cast<float>(1.0 - expf(-time / constant));
    }
    return share;
}

float PlainBrush::Speed::input() const {
    return static_cast<float>(std::log(static_cast<double>(gamma + slow)) * scale + offset);
}

std::optional<PlainBrush> PlainBrush::from(const BrushSpec& spec) {
    if (spec.pigment) return std::nullopt;
    const std::unique_ptr<MyPaintBrush, void (*)(MyPaintBrush*)> brush(mypaint_brush_new(), mypaint_brush_unref);
    mypaint_brush_from_defaults(brush.get());
    if (!mypaint_brush_from_string(brush.get(), spec.json.c_str())) return std::nullopt;
    PlainBrush plain;
    if (!plain.read(brush.get())) return std::nullopt;
    plain.time_matters_ = spec.time_matters;
    return plain;
}

bool PlainBrush::read(MyPaintBrush* b, MyPaintBrushSetting id, Setting& setting) {
    setting.base = mypaint_brush_get_base_value(b, id);
    for (int number = 0; number < MYPAINT_BRUSH_INPUTS_COUNT; ++number) {
        const auto input = static_cast<MyPaintBrushInput>(number);
        const int points = mypaint_brush_get_mapping_n(b, id, input);
        if (points == 0) continue;
        Setting::Curve curve;
        switch (input) {
            case MYPAINT_BRUSH_INPUT_PRESSURE: curve.input = kPressure; break;
            case MYPAINT_BRUSH_INPUT_SPEED1: curve.input = kSpeed1; break;
            case MYPAINT_BRUSH_INPUT_SPEED2: curve.input = kSpeed2; break;
            case MYPAINT_BRUSH_INPUT_RANDOM: curve.input = kRandom; break;
            default: return false;
        }
        for (int i = 0; i < points; ++i) {
            float x, y;
            mypaint_brush_get_mapping_point(b, id, input, i, &x, &y);
            curve.points.emplace_back(x, y);
        }
        if (curve.input == kRandom) uses_random_ = true;
        if (curve.input == kSpeed1) speeds_[0].used = true;
        if (curve.input == kSpeed2) speeds_[1].used = true;
        setting.curves.push_back(std::move(curve));
    }
    return true;
}

bool PlainBrush::read(MyPaintBrush* b) {
    auto base = [b](MyPaintBrushSetting id) { return mypaint_brush_get_base_value(b, id); };
    for (const auto id : kMustBeZero) {
        if (base(id) != 0 || !mypaint_brush_is_constant(b, id)) return false;
    }
    for (const auto id : kMustBeConstant) {
        if (!mypaint_brush_is_constant(b, id)) return false;
    }
    if (base(MYPAINT_BRUSH_SETTING_ELLIPTICAL_DAB_RATIO) > 1) return false;
    if (!read(b, MYPAINT_BRUSH_SETTING_RADIUS_LOGARITHMIC, radius_log_) ||
        !read(b, MYPAINT_BRUSH_SETTING_OPAQUE, opaque_) ||
        !read(b, MYPAINT_BRUSH_SETTING_OPAQUE_MULTIPLY, opaque_multiply_) ||
        !read(b, MYPAINT_BRUSH_SETTING_HARDNESS, hardness_) ||
        !read(b, MYPAINT_BRUSH_SETTING_OFFSET_BY_RANDOM, offset_by_random_) ||
        !read(b, MYPAINT_BRUSH_SETTING_RADIUS_BY_RANDOM, radius_by_random_)) {
        return false;
    }
    for (const Setting* s : {&offset_by_random_, &radius_by_random_}) {
        uses_random_ = uses_random_ || s->base != 0 || !s->curves.empty();
    }
    opaque_base_ = opaque_.base;
    anti_aliasing_ = base(MYPAINT_BRUSH_SETTING_ANTI_ALIASING);
    opaque_linearize_ = base(MYPAINT_BRUSH_SETTING_OPAQUE_LINEARIZE);
    dabs_per_actual_ = base(MYPAINT_BRUSH_SETTING_DABS_PER_ACTUAL_RADIUS);
    dabs_per_basic_ = base(MYPAINT_BRUSH_SETTING_DABS_PER_BASIC_RADIUS);
    dabs_per_second_ = base(MYPAINT_BRUSH_SETTING_DABS_PER_SECOND);
    gain_ = expf(base(MYPAINT_BRUSH_SETTING_PRESSURE_GAIN_LOG));

    dab_lag_.constant = base(MYPAINT_BRUSH_SETTING_SLOW_TRACKING_PER_DAB);
    Lag pen_lag;
    pen_lag.constant = base(MYPAINT_BRUSH_SETTING_SLOW_TRACKING);
    event_share_ = pen_lag.over(static_cast<float>(100.0 * kEventSeconds));
    speeds_[0].lag.constant = base(MYPAINT_BRUSH_SETTING_SPEED1_SLOWNESS);
    speeds_[1].lag.constant = base(MYPAINT_BRUSH_SETTING_SPEED2_SLOWNESS);
    speeds_[0].gamma = expf(base(MYPAINT_BRUSH_SETTING_SPEED1_GAMMA));
    speeds_[1].gamma = expf(base(MYPAINT_BRUSH_SETTING_SPEED2_GAMMA));
    for (Speed& speed : speeds_) {
        // A speed of 45 reads 0.5 and changes by 0.015 for each unit of speed.
        speed.scale = 0.015f * (45.0f + speed.gamma);
        speed.offset = 0.5f - speed.scale * static_cast<float>(std::log(static_cast<double>(45.0f + speed.gamma)));
    }

    auto modulo = [](float a, float n) { return static_cast<float>(a - n * std::floor(static_cast<double>(a / n))); };
    const float angle = base(MYPAINT_BRUSH_SETTING_ELLIPTICAL_DAB_ANGLE);
    angle_ = static_cast<float>(modulo(static_cast<float>(angle - 0.0f + 180.0), 180.0f) - 180.0);
    generator_ = {rng_double_new(0), rng_double_free};
    return true;
}

double PlainBrush::next_random() { return rng_double_next(generator_.get()); }

float PlainBrush::gauss() {
    double sum = 0.0;
    for (int i = 0; i < 4; ++i) sum += next_random();
    return static_cast<float>(sum * 1.73205080757 - 3.46410161514);
}

void PlainBrush::begin(const StrokeRow& r, std::int32_t seed, double width_px) {
    s_ = State{};
    s_.radius_log = radius_log_.base = static_cast<float>(std::log(r.radius * width_px));
    base_radius_ = expf(radius_log_.base);
    base_radius_in_limits_ = std::clamp(base_radius_, kLeastRadius, kLargestRadius);
    s_.radius = base_radius_in_limits_;
    opaque_.base = opaque_base_ * static_cast<float>(r.opacity);
    s_.x = s_.dab_x = static_cast<float>(r.start_x * width_px);
    s_.y = s_.dab_y = static_cast<float>(r.start_y * width_px);
    s_.pressure = static_cast<float>(r.start_pressure);
    for (Speed& speed : speeds_) speed.slow = 0;
    if (uses_random_) {
        rng_double_set_seed(generator_.get(), seed);
        inputs_[kRandom] = static_cast<float>(next_random());
    }
    // Through hue and back, as a colour comes to libmypaint's dabs.
    HsvColor color = hsv_of(r);
    hsv_to_rgb_float(&color.h, &color.s, &color.v);
    dab_ = {0, 0, 0, 0, 1.0f, angle_, 0, color.h, color.s, color.v, 1.0f, 0, 0, 0, 0, 0};
}

void PlainBrush::move(const Step& step) {
    const float seconds = step.seconds > 0.0f ? step.seconds : kLeastStepSeconds;
    s_.x += step.x;
    s_.y += step.y;
    s_.pressure += step.pressure;
    if (s_.pressure <= 0.0f) s_.pressure = 0.0f;
    inputs_[kPressure] = s_.pressure * gain_;
    if (speeds_[0].used || speeds_[1].used) {
        const float speed = length(step.x / seconds, step.y / seconds);
        for (int i = 0; i < 2; ++i) {
            if (!speeds_[i].used) continue;
            inputs_[kSpeed1 + i] = speeds_[i].input();  // of before this step
            speeds_[i].slow += (speed - speeds_[i].slow) * speeds_[i].lag.over(seconds);
        }
    }
    const float share = dab_lag_.over(step.dabs);
    s_.dab_x += (s_.x - s_.dab_x) * share;
    s_.dab_y += (s_.y - s_.dab_y) * share;
    if (!radius_log_.curves.empty()) {
        s_.radius_log = radius_log_.at(inputs_);
        s_.radius = std::clamp(expf(s_.radius_log), kLeastRadius, kLargestRadius);
    }
}

float PlainBrush::dabs_to(float x, float y, double seconds) const {
    const float way = length(x - s_.x, y - s_.y);
    return way / s_.radius * dabs_per_actual_ + way / base_radius_in_limits_ * dabs_per_basic_ +
           static_cast<float>(seconds) * dabs_per_second_;
}

// The opacity of one dab, for dabs that together come to `opaque`.
float PlainBrush::linearized(float opaque) {
    if (opaque != last_opaque_) {
        float dabs_per_pixel = dabs_per_actual_ + dabs_per_basic_;
        dabs_per_pixel *= 2.0f;
        if (dabs_per_pixel < 1.0f) dabs_per_pixel = 1.0f;
        dabs_per_pixel = static_cast<float>(1.0 + opaque_linearize_ * (dabs_per_pixel - 1.0));
        const auto bare = static_cast<float>(1.0 - opaque);
        const float bare_by_dab = powf(bare, static_cast<float>(1.0 / dabs_per_pixel));
        last_opaque_ = opaque;
        last_linearized_ = static_cast<float>(1.0 - bare_by_dab);
    }
    return last_linearized_;
}

Dab PlainBrush::make_dab() {
    Dab dab = dab_;
    dab.opaque = std::max(0.0f, opaque_.at(inputs_));
    dab.opaque = std::clamp(dab.opaque * opaque_multiply_.at(inputs_), 0.0f, 1.0f);
    if (opaque_linearize_ != 0.0f) dab.opaque = linearized(dab.opaque);
    dab.x = s_.dab_x;
    dab.y = s_.dab_y;
    const float scatter = offset_by_random_.at(inputs_);
    if (scatter != 0.0f) {
        const float amplitude = std::max(0.0f, scatter);
        dab.x += gauss() * amplitude * base_radius_;
        dab.y += gauss() * amplitude * base_radius_;
    }
    dab.radius = s_.radius;
    const float variation = radius_by_random_.at(inputs_);
    if (variation != 0.0f) {
        const float noise = gauss() * variation;
        dab.radius = std::clamp(expf(s_.radius_log + noise), kLeastRadius, kLargestRadius);
        const float ratio = s_.radius / dab.radius;
        const float correction = ratio * ratio;
        if (correction <= 1.0f) dab.opaque *= correction;
    }
    dab.hardness = std::clamp(hardness_.at(inputs_), 0.0f, 1.0f);
    const auto fadeout = static_cast<float>(dab.radius * (1.0 - dab.hardness));
    if (fadeout < anti_aliasing_) {
        // Softer, with the same optical radius, so that the edge fades over enough pixels.
        const auto optical = static_cast<float>(dab.radius - (1.0 - dab.hardness) * dab.radius / 2.0);
        const auto softer =
            static_cast<float>((optical - (anti_aliasing_ / 2.0)) / (optical + (anti_aliasing_ / 2.0)));
        dab.radius = static_cast<float>(anti_aliasing_ / (1.0 - softer));
        dab.hardness = softer;
    }
    return dab;
}

}  // namespace spiral
