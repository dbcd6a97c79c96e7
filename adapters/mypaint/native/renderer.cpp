#include "renderer.h"

#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

namespace spiral {

Renderer::Renderer(int count, int height, int width, int threads) : canvases_(count, height, width), continuing_(count) {
    for (int i = 0; i < std::clamp(threads, 1, count); ++i) workers_.push_back(std::make_unique<Worker>(canvases_));
    const double white[3] = {1, 1, 1};
    for (int i = 0; i < count; ++i) canvases_.clear(i, white);
}

int Renderer::add_brush(BrushSpec spec) {
    const std::lock_guard lock(mutex_);
    const Brush probe(spec);  // throws if libmypaint refuses it
    specs_.push_back(std::move(spec));
    return static_cast<int>(specs_.size()) - 1;
}

void Renderer::clear(int canvas, const double color[3]) {
    const std::lock_guard lock(mutex_);
    const bool was_opaque = canvases_.opaque(canvas);
    canvases_.clear(canvas, color);
    remember(canvas, canvases_.bounds(), was_opaque);
    continuing_[static_cast<std::size_t>(canvas)].after_jump = true;
}

void Renderer::remember(int canvas, const Rect& rect, bool was_opaque) {
    if (!before_ || rect.empty()) return;
    UndoStep step{rect, was_opaque, {}};
    step.pixels.reserve(static_cast<std::size_t>(4 * rect.area()));
    for (int c = 0; c < 4; ++c) {
        for (int y = rect.top; y < rect.bottom; ++y) {
            const std::size_t at = std::size_t(y) * canvases_.width() + rect.left;
            std::uint16_t* old = before_->plane(canvas, c) + at;
            step.pixels.insert(step.pixels.end(), old, old + rect.width());
            std::copy_n(canvases_.plane(canvas, c) + at, rect.width(), old);
        }
    }
    undo_[static_cast<std::size_t>(canvas)].push_back(std::move(step));
}

template <class DrawOne>
void Renderer::each_stroke(const StrokeSpan& s, const DrawOne& draw_one) {
    // Every canvas belongs to one worker, so strokes of one canvas keep their order and no pixel is shared.
    const std::size_t num_workers = s.count < 2 ? 1 : workers_.size();
    std::vector<std::exception_ptr> errors(num_workers);
    auto work = [&](std::size_t w) {
        try {
            for (std::size_t i = 0; i < s.count; ++i) {
                if (static_cast<std::size_t>(s.canvas[i]) % num_workers == w) draw_one(*workers_[w], i);
            }
        } catch (...) {
            errors[w] = std::current_exception();
        }
    };
    std::vector<std::thread> threads;
    for (std::size_t w = 1; w < num_workers; ++w) threads.emplace_back(work, w);
    work(0);
    for (auto& thread : threads) thread.join();
    for (const auto& error : errors) {
        if (error) std::rethrow_exception(error);
    }
}

void Renderer::draw(const StrokeSpan& s, int fixed_events, Rect* rects) {
    const std::lock_guard lock(mutex_);
    each_stroke(s, [&](Worker& worker, std::size_t i) {
        const int canvas = s.canvas[i];
        const bool was_opaque = canvases_.opaque(canvas);
        worker.surface.on(canvas);
        worker.brushes.draw(specs_, s.brush[i], worker.surface, s.rows[i], s.seed[i], canvases_.width(),
                            fixed_events);
        rects[i] = worker.surface.dirty();
        remember(canvas, rects[i], was_opaque);
    });
}

void Renderer::draw_continuing(const StrokeSpan& s, const std::uint8_t* jump, Rect* rects) {
    const std::lock_guard lock(mutex_);
    each_stroke(s, [&](Worker& worker, std::size_t i) {
        const int canvas = s.canvas[i];
        const bool was_opaque = canvases_.opaque(canvas);
        Continuing& state = continuing_[static_cast<std::size_t>(canvas)];
        Brush& brush = state.brushes.engine(specs_, s.brush[i]);
        worker.surface.on(canvas);
        MyPaintSurface* surface = worker.surface.surface();
        if (jump[i] != 0) {
            brush.jump(surface, s.rows[i].end_x * canvases_.width(), s.rows[i].end_y * canvases_.width());
        } else {
            brush.draw_continuing(surface, s.rows[i], canvases_.width(), state.after_jump);
        }
        state.after_jump = jump[i] != 0;
        rects[i] = worker.surface.dirty();
        remember(canvas, rects[i], was_opaque);
    });
}

void Renderer::bytes(int canvas, const Rect& rect, std::uint8_t* out) const {
    const std::lock_guard lock(mutex_);
    canvases_.to_bytes(canvas, rect, out, std::size_t{3} * static_cast<std::size_t>(rect.width()));
}

Snapshot Renderer::snapshot(int canvas) const {
    const std::lock_guard lock(mutex_);
    const std::uint16_t* pixels = canvases_.plane(canvas, 0);
    return {{pixels, pixels + 4 * canvases_.plane_size()}, canvases_.opaque(canvas), canvases_.height(),
            canvases_.width()};
}

void Renderer::restore(int canvas, const Snapshot& snapshot) {
    const std::lock_guard lock(mutex_);
    if (snapshot.height != canvases_.height() || snapshot.width != canvases_.width()) {
        throw std::invalid_argument("snapshot: " + std::to_string(snapshot.width) + " x " +
                                    std::to_string(snapshot.height) + " px, must be " +
                                    std::to_string(canvases_.width()) + " x " + std::to_string(canvases_.height()));
    }
    const bool was_opaque = canvases_.opaque(canvas);
    std::copy(snapshot.pixels.begin(), snapshot.pixels.end(), canvases_.plane(canvas, 0));
    canvases_.set_opaque(canvas, snapshot.opaque);
    remember(canvas, canvases_.bounds(), was_opaque);
}

void Renderer::keep_undo(bool keep) {
    const std::lock_guard lock(mutex_);
    if (!keep) {
        before_.reset();
        undo_.clear();
    } else if (!before_) {
        before_ = std::make_unique<CanvasBatch>(canvases_);
        undo_.resize(static_cast<std::size_t>(canvases_.count()));
    }
}

bool Renderer::undo(int canvas, Rect* rect) {
    const std::lock_guard lock(mutex_);
    if (!before_ || undo_[static_cast<std::size_t>(canvas)].empty()) return false;
    auto& steps = undo_[static_cast<std::size_t>(canvas)];
    const UndoStep& step = steps.back();
    const std::uint16_t* from = step.pixels.data();
    for (int c = 0; c < 4; ++c) {
        for (int y = step.rect.top; y < step.rect.bottom; ++y, from += step.rect.width()) {
            const std::size_t at = std::size_t(y) * canvases_.width() + step.rect.left;
            std::copy_n(from, step.rect.width(), canvases_.plane(canvas, c) + at);
            std::copy_n(from, step.rect.width(), before_->plane(canvas, c) + at);
        }
    }
    canvases_.set_opaque(canvas, step.opaque);
    *rect = step.rect;
    steps.pop_back();
    return true;
}

}  // namespace spiral
