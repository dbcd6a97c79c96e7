// A batch of canvases with the brushes that paint on them: what Python calls.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "brush.h"
#include "brush_set.h"
#include "canvas.h"

namespace spiral {

// Strokes as they come from StrokeArray, one canvas number each.
struct StrokeSpan {
    const StrokeRow* rows;
    const std::int32_t* brush;
    const std::int32_t* seed;
    const std::int32_t* canvas;
    std::size_t count;
};

// A copy of one canvas.
struct Snapshot {
    std::vector<std::uint16_t> pixels;
    bool opaque;
    int height, width;
};

class Renderer {
  public:
    Renderer(int count, int height, int width, int threads);

    const CanvasBatch& canvases() const { return canvases_; }
    int add_brush(BrushSpec spec);

    void clear(int canvas, const double color[3]);
    // Draws in order; writes the changed rectangle of each stroke to `rects`. fixed_events as in Brush::draw.
    void draw(const StrokeSpan& strokes, int fixed_events, Rect* rects);
    // As the released SPIRAL environment does, see Brush::draw_continuing; jump[i] moves to the stroke's end.
    void draw_continuing(const StrokeSpan& strokes, const std::uint8_t* jump, Rect* rects);

    void bytes(int canvas, const Rect& rect, std::uint8_t* out) const;
    Snapshot snapshot(int canvas) const;
    void restore(int canvas, const Snapshot& snapshot);

    // From now on every stroke can be undone, last first, at the cost of its own rectangle.
    void keep_undo(bool keep);
    bool undo(int canvas, Rect* rect);
    std::size_t undo_depth(int canvas) const { return undo_.empty() ? 0 : undo_[canvas].size(); }

  private:
    struct UndoStep {
        Rect rect;
        bool opaque;
        std::vector<std::uint16_t> pixels;
    };
    struct Continuing {
        BrushSet brushes;
        bool after_jump = true;
    };
    struct Worker {
        explicit Worker(CanvasBatch& canvases) : surface(canvases) {}
        PaintSurface surface;
        BrushSet brushes;
    };

    template <class DrawOne>
    void each_stroke(const StrokeSpan& strokes, const DrawOne& draw_one);
    void remember(int canvas, const Rect& rect, bool was_opaque);

    CanvasBatch canvases_;
    std::unique_ptr<CanvasBatch> before_;  // the canvases before the last stroke, while undo is kept
    std::vector<std::vector<UndoStep>> undo_;
    std::vector<BrushSpec> specs_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<Continuing> continuing_;
    mutable std::mutex mutex_;
};

}  // namespace spiral
