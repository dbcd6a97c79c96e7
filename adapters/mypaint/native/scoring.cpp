#include "scoring.h"

#include <cstring>

namespace spiral {

namespace {

typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float))));
typedef std::int32_t IntLanes __attribute__((vector_size(kLanes * sizeof(float))));

// Read from kLanes - n on: n lanes that count, then lanes that do not.
constexpr std::int32_t kValid[2 * kLanes] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};

__attribute__((always_inline)) inline Lanes load(const float* from) {
    Lanes v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

__attribute__((always_inline)) inline double sum(const Lanes& v) {
    double total = 0;
    for (int i = 0; i < kLanes; ++i) total += static_cast<double>(v[i]);
    return total;
}

}  // namespace

SPIRAL_SIMD void score_row(const float* alpha, const ScorePlanes& p, int count, ScoreSums& sums) {
    Lanes weight2 = {}, bare = {}, pull0 = {}, pull1 = {}, pull2 = {};
    for (int x = 0; x < count; x += kLanes) {
        IntLanes valid;
        std::memcpy(&valid, kValid + kLanes - (count - x < kLanes ? count - x : kLanes), sizeof valid);
        Lanes g = (Lanes)((IntLanes)load(alpha + x) & valid);
        if (p.through != nullptr) g *= load(p.through + x);
        const Lanes wg = p.weight != nullptr ? g * load(p.weight + x) : g;
        weight2 += wg * g;
        const Lanes u0 = load(p.under[0] + x), u1 = load(p.under[1] + x), u2 = load(p.under[2] + x);
        const Lanes r0 = load(p.residual[0] + x), r1 = load(p.residual[1] + x), r2 = load(p.residual[2] + x);
        const Lanes e0 = r0 + g * u0, e1 = r1 + g * u1, e2 = r2 + g * u2;
        pull0 += wg * e0;
        pull1 += wg * e1;
        pull2 += wg * e2;
        bare += wg * (u0 * (r0 + e0) + u1 * (r1 + e1) + u2 * (r2 + e2));
    }
    sums.weight2 += sum(weight2);
    sums.pull[0] += sum(pull0);
    sums.pull[1] += sum(pull1);
    sums.pull[2] += sum(pull2);
    sums.bare += sum(bare);
}

SPIRAL_SIMD void score_mixed_row(const float* alpha, const float* const hidden[3], const float* const residual[3],
                                 const float* weight, int count, ScoreSums& sums) {
    Lanes weight2 = {}, bare = {}, pull0 = {}, pull1 = {}, pull2 = {};
    for (int x = 0; x < count; x += kLanes) {
        IntLanes valid;
        std::memcpy(&valid, kValid + kLanes - (count - x < kLanes ? count - x : kLanes), sizeof valid);
        const Lanes g = (Lanes)((IntLanes)load(alpha + x) & valid);
        Lanes w = (Lanes)((IntLanes)(Lanes{} + 1.0f) & valid);
        if (weight != nullptr) w *= load(weight + x);
        const Lanes wg = w * g;
        weight2 += wg * g;
        const Lanes h0 = load(hidden[0] + x), h1 = load(hidden[1] + x), h2 = load(hidden[2] + x);
        const Lanes r0 = load(residual[0] + x), r1 = load(residual[1] + x), r2 = load(residual[2] + x);
        const Lanes e0 = r0 + h0, e1 = r1 + h1, e2 = r2 + h2;
        pull0 += wg * e0;
        pull1 += wg * e1;
        pull2 += wg * e2;
        bare += w * (h0 * (r0 + e0) + h1 * (r1 + e1) + h2 * (r2 + e2));
    }
    sums.weight2 += sum(weight2);
    sums.pull[0] += sum(pull0);
    sums.pull[1] += sum(pull1);
    sums.pull[2] += sum(pull2);
    sums.bare += sum(bare);
}

SPIRAL_SIMD void mix_rows(const FineRows& f, int count, float* __restrict g, float* const hidden[3]) {
    float* __restrict h0 = hidden[0];
    float* __restrict h1 = hidden[1];
    float* __restrict h2 = hidden[2];
    for (int x = 0; x < count; ++x) g[x] = h0[x] = h1[x] = h2[x] = 0.0f;
    for (int row = 0; row < 2; ++row) {
        const std::size_t skip = row == 0 ? 0 : f.second;
        const float* a = f.alpha[row];
        const float* t = f.through == nullptr ? nullptr : f.through + skip;
        const float *u0 = f.under[0] + skip, *u1 = f.under[1] + skip, *u2 = f.under[2] + skip;
        for (int x = 0; x < count; ++x) {
            const float left = 0.25f * a[2 * x] * (t == nullptr ? 1.0f : t[2 * x]);
            const float right = 0.25f * a[2 * x + 1] * (t == nullptr ? 1.0f : t[2 * x + 1]);
            g[x] += left + right;
            h0[x] += left * u0[2 * x] + right * u0[2 * x + 1];
            h1[x] += left * u1[2 * x] + right * u1[2 * x + 1];
            h2[x] += left * u2[2 * x] + right * u2[2 * x + 1];
        }
    }
}

}  // namespace spiral
