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

}  // namespace spiral
