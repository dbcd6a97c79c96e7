#include "brush_set.h"

#include <cstring>

#include "recording_surface.h"

namespace spiral {

namespace {

// Strokes on which short cut and engine are compared: a curve, a turn with fading pressure, a dot, a fast line.
constexpr StrokeRow kTrials[] = {
    {0.1, 0.2, 0.6, 0.1, 0.8, 0.7, 0.3, 1.0, 0.05, 0.2, 0.4, 0.9, 1.0},
    {0.7, 0.7, 0.9, 0.3, 0.2, 0.4, 1.0, 0.1, 0.02, 0.9, 0.1, 0.3, 0.6},
    {0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.8, 0.8, 0.1, 0.0, 0.0, 0.0, 1.0},
    {0.0, 0.9, 0.5, 0.9, 1.0, 0.9, 0.6, 0.7, 0.01, 1.0, 1.0, 1.0, 0.3},
};

// Whether the short cut places libmypaint's very dabs on this machine: another release of libmypaint, or one that
// was built with fused multiplication and addition, may round otherwise, and then its own engine draws.
bool agrees(PlainBrush& plain, Brush& engine) {
    for (const StrokeRow& trial : kTrials) {
        for (const int events : {0, 50}) {
            RecordingSurface ours, theirs;
            plain.draw(trial, 11, 64.0, events, [&ours](const Dab& dab) { ours.draw(dab); });
            engine.draw(theirs.surface(), trial, 11, 64.0, events);
            const auto a = ours.take(), b = theirs.take();
            if (a.size() != b.size() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) != 0) return false;
        }
    }
    return true;
}

}  // namespace

Brush& BrushSet::engine(const std::vector<BrushSpec>& specs, int index) {
    if (engines_.size() < specs.size()) engines_.resize(specs.size());
    auto& brush = engines_[static_cast<std::size_t>(index)];
    if (!brush) brush = std::make_unique<Brush>(specs[static_cast<std::size_t>(index)]);
    return *brush;
}

PlainBrush* BrushSet::plain(const std::vector<BrushSpec>& specs, int index) {
    while (plain_.size() < specs.size()) {
        const auto next = static_cast<int>(plain_.size());
        auto found = PlainBrush::from(specs[plain_.size()]);
        if (found && !agrees(*found, engine(specs, next))) found.reset();
        plain_.push_back(std::move(found));
    }
    auto& brush = plain_[static_cast<std::size_t>(index)];
    return brush ? &*brush : nullptr;
}

}  // namespace spiral
