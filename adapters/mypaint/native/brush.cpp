#include "brush.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <vector>

extern "C" {
// Exported by libmypaint 1.5 and 1.6 but in no installed header.
RngDouble* rng_double_new(long seed);
void rng_double_set_seed(RngDouble* self, long seed);
void rng_double_free(RngDouble* self);
}

namespace spiral {

namespace {

constexpr long kLibraryRngSeed = 1000;  // what libmypaint seeds every new brush with

// libmypaint offers no way to seed a brush. Its generator hangs on a pointer inside the opaque brush; we look
// for the one word of a new brush that points to memory with the contents of a generator of the same seed.
// The kernel reads on our behalf (a write from a bad address fails with EFAULT), so that a word that is no
// pointer is passed over instead of crashing.
std::size_t find_generator_offset() {
    static const std::size_t offset = [] {
        int pipe_ends[2];
        if (pipe(pipe_ends) != 0) throw std::runtime_error("cannot open a pipe");
        MyPaintBrush* brush = mypaint_brush_new();
        RngDouble* twin = rng_double_new(kLibraryRngSeed);
        // The generator's state begins with its lagged array of ten doubles; later words are scratch space.
        constexpr std::size_t state_bytes = 10 * sizeof(double);
        const std::size_t size = malloc_usable_size(brush);
        std::size_t found = 0;
        for (std::size_t at = 0; found == 0 && at + sizeof(void*) <= size; at += sizeof(void*)) {
            void* pointer = nullptr;
            std::memcpy(&pointer, reinterpret_cast<const char*>(brush) + at, sizeof pointer);
            const ssize_t written = pointer == nullptr ? -1 : write(pipe_ends[1], pointer, state_bytes);
            if (written <= 0) continue;
            char copy[state_bytes];
            const ssize_t copied = read(pipe_ends[0], copy, static_cast<std::size_t>(written));
            if (copied == ssize_t{state_bytes} && std::memcmp(copy, twin, state_bytes) == 0) found = at;
        }
        rng_double_free(twin);
        mypaint_brush_unref(brush);
        close(pipe_ends[0]);
        close(pipe_ends[1]);
        return found;
    }();
    if (offset == 0) {
        throw std::runtime_error("this libmypaint keeps its random generator elsewhere; 1.5 and 1.6 are supported");
    }
    return offset;
}

// libmypaint tells of rounding in its clock ("Time is running backwards!") on standard output, in the middle of
// what a program prints there. While one of these lives, C's standard output leads nowhere; Python's is another.
class QuietLibrary {
  public:
#ifdef __GLIBC__
    QuietLibrary() { stdout = nowhere(); }
    ~QuietLibrary() { stdout = real(); }

  private:
    static FILE* real() {
        static FILE* const stream = stdout;
        return stream;
    }
    static FILE* nowhere() {
        real();  // kept before it is replaced
        static FILE* const stream = std::fopen("/dev/null", "w");
        return stream != nullptr ? stream : real();
    }
#endif
};

}  // namespace

HsvColor hsv_of(const StrokeRow& row) {
    const double high = std::max({row.red, row.green, row.blue});
    const double low = std::min({row.red, row.green, row.blue});
    const double span = high - low;
    double hue = 0.0;
    if (span > 0.0) {
        if (high == row.red) {
            hue = (row.green - row.blue) / span + (row.green < row.blue ? 6.0 : 0.0);
        } else if (high == row.green) {
            hue = (row.blue - row.red) / span + 2.0;
        } else {
            hue = (row.red - row.green) / span + 4.0;
        }
    }
    return {static_cast<float>(hue / 6.0), static_cast<float>(high > 0.0 ? span / high : 0.0),
            static_cast<float>(high)};
}

bool knows_setting(const std::string& name) {
    return mypaint_brush_setting_from_cname(name.c_str()) != static_cast<MyPaintBrushSetting>(-1);
}

bool knows_input(const std::string& name) {
    return mypaint_brush_input_from_cname(name.c_str()) != static_cast<MyPaintBrushInput>(-1);
}

int events_for(const StrokeRow& s) {
    const double ax = s.start_x - 2 * s.control_x + s.end_x;
    const double ay = s.start_y - 2 * s.control_y + s.end_y;
    // A chord over 1/n of a quadratic Bezier is at most |a| / (4 n^2) away from it.
    const double bend = std::sqrt(ax * ax + ay * ay) / 4;
    return std::clamp(static_cast<int>(std::ceil(std::sqrt(bend / (0.04 * s.radius)))), 1, kMaxEvents);
}

Brush::Brush(const BrushSpec& spec) : pigment_(spec.pigment), time_matters_(spec.time_matters) {
    brush_ = mypaint_brush_new();
    mypaint_brush_from_defaults(brush_);
    if (!mypaint_brush_from_string(brush_, spec.json.c_str())) {
        mypaint_brush_unref(brush_);
        throw std::invalid_argument("libmypaint refuses the brush");
    }
    std::memcpy(&generator_, reinterpret_cast<const char*>(brush_) + find_generator_offset(), sizeof generator_);
    opaque_base_ = mypaint_brush_get_base_value(brush_, MYPAINT_BRUSH_SETTING_OPAQUE);
    looks_back_ = looks_back();
    if (looks_back_) forget();
    uses_chance_ = uses_chance();
}

// Seeding costs as much as a few dabs; most brushes have no use for it.
bool Brush::uses_chance() const {
    for (int id = 0; id < MYPAINT_BRUSH_SETTINGS_COUNT; ++id) {
        const auto setting = static_cast<MyPaintBrushSetting>(id);
        if (mypaint_brush_get_mapping_n(brush_, setting, MYPAINT_BRUSH_INPUT_RANDOM) != 0) return true;
    }
    for (const auto setting : {MYPAINT_BRUSH_SETTING_OFFSET_BY_RANDOM, MYPAINT_BRUSH_SETTING_RADIUS_BY_RANDOM,
                               MYPAINT_BRUSH_SETTING_TRACKING_NOISE}) {
        if (mypaint_brush_get_base_value(brush_, setting) != 0 || !mypaint_brush_is_constant(brush_, setting)) return true;
    }
    return false;
}

// For each dab libmypaint works out the brush's place on the grid map and, with pigments, the dabs a radius from
// the settings of the dab before; a reset does not clear those, and in a new brush they are not even initialised.
bool Brush::looks_back() const {
    if (pigment_) return true;
    for (int id = 0; id < MYPAINT_BRUSH_SETTINGS_COUNT; ++id) {
        for (const auto input : {MYPAINT_BRUSH_INPUT_GRIDMAP_X, MYPAINT_BRUSH_INPUT_GRIDMAP_Y}) {
            if (mypaint_brush_get_mapping_n(brush_, static_cast<MyPaintBrushSetting>(id), input) != 0) return true;
        }
    }
    return false;
}

namespace {

// Takes dabs and draws nothing.
struct NoSurface {
    MyPaintSurface2 vtable{};
    NoSurface() {
        vtable.parent.draw_dab = [](MyPaintSurface*, float, float, float, float, float, float, float, float, float,
                                    float, float, float, float) { return 0; };
        vtable.parent.get_color = [](MyPaintSurface*, float, float, float, float* r, float* g, float* b, float* a) {
            *r = *g = *b = *a = 0.0f;
        };
        vtable.draw_dab_pigment = [](MyPaintSurface2*, float, float, float, float, float, float, float, float, float,
                                     float, float, float, float, float, float, float) { return 0; };
        vtable.get_color_pigment = [](MyPaintSurface2*, float, float, float, float* r, float* g, float* b, float* a,
                                      float) { *r = *g = *b = *a = 0.0f; };
    }
};

}  // namespace

// Brings the settings to those of a brush resting without pressure at the origin, where the grid map starts
// whatever its scale.
void Brush::forget() {
    NoSurface nowhere;
    for (int i = 0; i < 2; ++i) {  // the first may see settings that are not numbers
        reset();
        seed(0);
        stroke_to(&nowhere.vtable.parent, 0.0f, 0.0f, 0.0f, kEventSeconds);
        stroke_to(&nowhere.vtable.parent, 0.0f, 0.0f, 0.0f, 0.0001);
    }
}

Brush::~Brush() { mypaint_brush_unref(brush_); }

void Brush::seed(std::int32_t seed) { rng_double_set_seed(generator_, seed); }

void Brush::reset() {
    mypaint_brush_reset(brush_);
    mypaint_brush_new_stroke(brush_);
}

void Brush::stroke_to(MyPaintSurface* surface, float x, float y, float pressure, double seconds) {
    const QuietLibrary quiet;
    event(surface, x, y, pressure, seconds);
}

void Brush::event(MyPaintSurface* surface, float x, float y, float pressure, double seconds) {
    if (pigment_) {
        mypaint_brush_stroke_to_2(brush_, reinterpret_cast<MyPaintSurface2*>(surface), x, y, pressure, 0.0f, 0.0f,
                                  seconds, 1.0f, 0.0f, 0.0f);
    } else {
        mypaint_brush_stroke_to(brush_, surface, x, y, pressure, 0.0f, 0.0f, seconds);
    }
}

void Brush::set_appearance(const StrokeRow& s, double width_px) {
    const HsvColor color = hsv_of(s);
    auto set = [this](MyPaintBrushSetting id, float value) {
        if (mypaint_brush_get_base_value(brush_, id) != value) mypaint_brush_set_base_value(brush_, id, value);
    };
    set(MYPAINT_BRUSH_SETTING_COLOR_H, color.h);
    set(MYPAINT_BRUSH_SETTING_COLOR_S, color.s);
    set(MYPAINT_BRUSH_SETTING_COLOR_V, color.v);
    set(MYPAINT_BRUSH_SETTING_RADIUS_LOGARITHMIC, static_cast<float>(std::log(s.radius * width_px)));
    set(MYPAINT_BRUSH_SETTING_OPAQUE, opaque_base_ * static_cast<float>(s.opacity));
}

void Brush::events(MyPaintSurface* surface, const StrokeRow& s, double width_px, int count) {
    for (int i = 1; i <= count; ++i) {
        const double t = static_cast<double>(i) / count;
        const double u = 1.0 - t;
        const double x = u * u * s.start_x + 2 * u * t * s.control_x + t * t * s.end_x;
        const double y = u * u * s.start_y + 2 * u * t * s.control_y + t * t * s.end_y;
        const double pressure = s.start_pressure + t * (s.end_pressure - s.start_pressure);
        event(surface, static_cast<float>(x * width_px), static_cast<float>(y * width_px),
                  static_cast<float>(pressure), kEventSeconds);
    }
}

void Brush::draw(MyPaintSurface* surface, const StrokeRow& s, std::int32_t seed_value, double width_px,
                 int fixed_events) {
    const QuietLibrary quiet;
    set_appearance(s, width_px);
    if (looks_back_) forget();
    reset();
    if (uses_chance_) seed(seed_value);
    const auto x = static_cast<float>(s.start_x * width_px);
    const auto y = static_cast<float>(s.start_y * width_px);
    // libmypaint filters the first position of a stroke towards the last of the one before, and slips in an
    // event when pressure comes from zero; with these states set neither depends on earlier strokes.
    mypaint_brush_set_state(brush_, MYPAINT_BRUSH_STATE_X, x);
    mypaint_brush_set_state(brush_, MYPAINT_BRUSH_STATE_Y, y);
    mypaint_brush_set_state(brush_, MYPAINT_BRUSH_STATE_PRESSURE, 1.0f);
    constexpr double longer_than_any_pause = 10.0;  // above 5 s libmypaint starts afresh at once
    event(surface, x, y, static_cast<float>(s.start_pressure), longer_than_any_pause);
    events(surface, s, width_px, fixed_events > 0 ? fixed_events : time_matters_ ? kMaxEvents : events_for(s));
}

void Brush::draw_continuing(MyPaintSurface* surface, const StrokeRow& s, double width_px, bool after_jump) {
    const QuietLibrary quiet;
    set_appearance(s, width_px);
    if (after_jump) {
        event(surface, static_cast<float>(s.start_x * width_px), static_cast<float>(s.start_y * width_px),
                  static_cast<float>(s.start_pressure), kEventSeconds);
    }
    events(surface, s, width_px, kMaxEvents);
}

void Brush::jump(MyPaintSurface* surface, double x_px, double y_px) {
    const QuietLibrary quiet;
    reset();
    event(surface, static_cast<float>(x_px), static_cast<float>(y_px), 0.0f, kEventSeconds);
}

}  // namespace spiral
