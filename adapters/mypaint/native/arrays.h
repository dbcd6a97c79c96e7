// NumPy arrays at the boundary: checked shapes in, owned arrays out.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "brush.h"
#include "dab.h"

namespace spiral {

namespace nb = nanobind;

using RowsIn = nb::ndarray<const double, nb::shape<-1, 13>, nb::c_contig, nb::device::cpu>;
using Ints = nb::ndarray<const std::int32_t, nb::shape<-1>, nb::c_contig, nb::device::cpu>;

template <class T>
nb::ndarray<nb::numpy, T> own_array(std::vector<T>&& values, std::initializer_list<std::size_t> shape) {
    auto* kept = new std::vector<T>(std::move(values));
    const nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
    return nb::ndarray<nb::numpy, T>(kept->data(), shape, owner);
}

inline nb::ndarray<nb::numpy, std::int32_t> rect_array(const std::vector<Rect>& rects) {
    std::vector<std::int32_t> flat;
    flat.reserve(4 * rects.size());
    for (const Rect& r : rects) {
        if (r.empty()) {
            flat.insert(flat.end(), {0, 0, 0, 0});
        } else {
            flat.insert(flat.end(), {r.left, r.top, r.right, r.bottom});
        }
    }
    return own_array(std::move(flat), {rects.size(), 4});
}

inline void check_length(const char* name, std::size_t have, std::size_t want) {
    if (have != want) {
        throw std::invalid_argument(std::string(name) + ": length " + std::to_string(have) + ", must be " +
                                    std::to_string(want));
    }
}

inline void check_range(const char* name, const std::int32_t* values, std::size_t count, std::int64_t limit) {
    for (std::size_t i = 0; i < count; ++i) {
        if (values[i] < 0 || values[i] >= limit) {
            throw std::invalid_argument(std::string(name) + "[" + std::to_string(i) + "]: " +
                                        std::to_string(values[i]) + ", must be in [0, " + std::to_string(limit) + ")");
        }
    }
}

// What Stroke promises, checked again for arrays that never were strokes.
inline const StrokeRow* check_rows(const RowsIn& rows) {
    static const char* const names[13] = {"start_x", "start_y", "control_x", "control_y", "end_x",
                                          "end_y", "start_pressure", "end_pressure", "radius", "red",
                                          "green", "blue", "opacity"};
    const double* v = rows.data();
    for (std::size_t i = 0; i < rows.shape(0); ++i) {
        for (int c = 0; c < 13; ++c) {
            const double value = v[13 * i + c];
            const double low = c < 6 ? -kCoordinateLimit : 0.0;
            const double high = c < 6 || c == 8 ? kCoordinateLimit : 1.0;
            const bool positive = c == 8 || c == 12;
            if (!std::isfinite(value) || value < low || value > high || (positive && value <= 0.0)) {
                throw std::invalid_argument("strokes[" + std::to_string(i) + "]." + names[c] + ": " +
                                            std::to_string(value) + ", must be in " + (positive ? "(" : "[") +
                                            std::to_string(low) + ", " + std::to_string(high) + "]");
            }
        }
    }
    return reinterpret_cast<const StrokeRow*>(v);
}

}  // namespace spiral
