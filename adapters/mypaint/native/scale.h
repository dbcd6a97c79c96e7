// The painting in planning, rendered at one size.
//
// A plan that is judged at one size only learns to use how that size's pixels round small dabs, and falls apart at
// any other. So a painting may be judged at several sizes at once: the picture's own (factor 1) and twice that
// (factor 2), averaged back over 2 x 2 pixels before it is compared with the target.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "coverage.h"
#include "renderer.h"
#include "scoring.h"

namespace spiral {

using Rgb = std::array<double, 3>;

struct Candidate {
    StrokeRow row;
    std::int32_t brush;
    std::int32_t seed;

    Rgb color() const { return {row.red, row.green, row.blue}; }
};

// The alpha of a stroke at one size.
struct Mark {
    Rect rect;                         // in pixels of that size
    std::vector<std::uint16_t> alpha;  // rect.height() rows of rect.width(), 65535 = opaque
};

constexpr float kAlphaUnit = 65535.0f;

struct Layer {
    Candidate stroke;
    std::vector<Mark> marks;  // one a scale
};

// What one thread needs to render candidates at one size.
struct MarkMaker {
    MarkMaker(int height, int width) : coverage(height, width) {}
    // Leaves the coverage of a stroke in `coverage`.
    void cover(const std::vector<BrushSpec>& specs, const Candidate& stroke, const Rect& window, int width_px);

    CoverageSurface coverage;
    BrushSet brushes;
    std::array<std::vector<float>, 4> mixed;
};

class Scale {
  public:
    // target: three planes of `height` rows of padded(width); weight: one, or empty.
    Scale(int height, int width, int factor, const std::vector<float>& target, const std::vector<float>& weight);

    // A window of the picture with one layer taken out.
    struct Bench {
        Rect window;               // in pixels of the picture
        int fine_stride, stride;
        Rect fine;                 // the window at this scale's size
        const float* under[3];     // fine
        const float* through;      // fine; null: 1 everywhere
        const float* above[3];     // fine; null on top
        const float* residual[3];  // in pixels of the picture
        std::vector<float> memory;
    };

    int factor() const { return factor_; }
    int fine_width() const { return width_ * factor_; }
    int fine_height() const { return height_ * factor_; }

    Mark mark_of(MarkMaker& maker) const;
    Rect to_picture(const Rect& fine) const;

    void recompose(const std::vector<Layer>& layers, std::size_t scale, const Rgb& background);
    Bench top_bench() const;
    Bench open_bench(const std::vector<Layer>& layers, std::size_t scale, std::size_t skip, const Rect& window,
                     const Rgb& background) const;
    // Puts the picture of a bench back, with a mark (or nothing) where the bench had left one out.
    void close_bench(const Bench& bench, const Mark* mark, const Rgb& color);
    // Adds what the maker's coverage is worth on a bench.
    void add_sums(MarkMaker& maker, const Bench& bench, ScoreSums& sums) const;

    double error() const { return error_; }
    const float* residual(int channel) const { return residual_.data() + channel * plane(); }
    float* residual(int channel) { return residual_.data() + channel * plane(); }
    const float* canvas(int channel) const { return canvas_.data() + channel * fine_plane(); }
    int fine_stride() const { return fine_stride_; }

    // shares[i]: how much of the final picture each pixel of stroke i's rectangle (in the picture) owes to it.
    struct Share {
        Rect rect;
        std::vector<float> part;
    };
    std::vector<Share> shares(const std::vector<Layer>& layers, std::size_t scale) const;
    void add_removal_losses(const std::vector<Layer>& layers, std::size_t scale, const Rgb& background,
                            double* out) const;

  private:
    std::size_t plane() const { return std::size_t(height_) * stride_; }
    std::size_t fine_plane() const { return std::size_t(fine_height()) * fine_stride_; }
    void update_residual(const Rect& window);
    double error_in(const Rect& window) const;

    int height_, width_, factor_, stride_, fine_stride_;
    const std::vector<float>* target_;
    const std::vector<float>* weight_;
    std::vector<float> canvas_;    // fine
    std::vector<float> residual_;  // in pixels of the picture
    double error_ = 0;             // kept up with every change of the residual
};

}  // namespace spiral
