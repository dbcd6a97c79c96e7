// A libmypaint brush that can be seeded, and the strokes it draws.
#pragma once

#include <cstdint>
#include <string>

extern "C" {
#include <mypaint-brush.h>
#include <mypaint-surface.h>
struct RngDouble;
}

namespace spiral {

// One row of spiral_core.program.StrokeArray.values.
struct StrokeRow {
    double start_x, start_y, control_x, control_y, end_x, end_y;
    double start_pressure, end_pressure, radius, red, green, blue, opacity;
};
static_assert(sizeof(StrokeRow) == 13 * sizeof(double));

constexpr double kCoordinateLimit = 16.0;  // spiral_core.program.COORDINATE_LIMIT

constexpr int kMaxEvents = 50;           // motion events a stroke at most, as in the paper's environment
constexpr double kEventSeconds = 0.1;    // time between two motion events

// What a brush file says, checked and ready to be loaded into engines.
struct BrushSpec {
    std::string json;
    bool pigment = false;     // mixes as pigments: drawn through libmypaint's extended interface
    bool time_matters = true; // dabs depend on how motion is cut into events: always kMaxEvents of them
};

class Brush {
  public:
    explicit Brush(const BrushSpec& spec);
    ~Brush();
    Brush(const Brush&) = delete;
    Brush& operator=(const Brush&) = delete;

    // Draws a stroke that depends on nothing but its own row and seed. `surface` must be a MyPaintSurface2
    // when the brush is a pigment brush. `fixed_events` > 0 overrides the number of motion events.
    void draw(MyPaintSurface* surface, const StrokeRow& stroke, std::int32_t seed, double width_px,
              int fixed_events = 0);

    // Draws a stroke as the released SPIRAL environment does: state and random generator carry on from before.
    // A jump moves without paint; after one, `moved` starts the next stroke with an extra event.
    void draw_continuing(MyPaintSurface* surface, const StrokeRow& stroke, double width_px, bool after_jump);
    void jump(MyPaintSurface* surface, double x_px, double y_px);

    void set_appearance(const StrokeRow& stroke, double width_px);
    void stroke_to(MyPaintSurface* surface, float x, float y, float pressure, double seconds);
    void reset();
    void seed(std::int32_t seed);

  private:
    void event(MyPaintSurface* surface, float x, float y, float pressure, double seconds);
    void events(MyPaintSurface* surface, const StrokeRow& stroke, double width_px, int count);
    bool uses_chance() const;
    bool looks_back() const;
    void forget();

    MyPaintBrush* brush_;
    RngDouble* generator_;
    bool pigment_;
    bool time_matters_;
    bool uses_chance_;
    bool looks_back_;  // its first dab depends on settings that the last one before left behind
    float opaque_base_;
};

// The colour of a stroke as libmypaint keeps it, hue in turns.
struct HsvColor {
    float h, s, v;
};
HsvColor hsv_of(const StrokeRow& stroke);

// Does this libmypaint have a brush setting, or an input to settings, of that name?
bool knows_setting(const std::string& name);
bool knows_input(const std::string& name);

// Motion events that a stroke of a brush without sense of time is cut into: enough that the polyline keeps
// within 1/25 of the radius of the curve; a property of the stroke alone, so the same at every size.
int events_for(const StrokeRow& stroke);

}  // namespace spiral
