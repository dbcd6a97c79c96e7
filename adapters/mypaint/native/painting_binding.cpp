// The Python face of planning.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "arrays.h"
#include "painting.h"
#include "recording_surface.h"

namespace spiral {

namespace {

using Picture = nb::ndarray<const float, nb::shape<-1, -1, 3>, nb::c_contig, nb::device::cpu>;
using Weight = nb::ndarray<const float, nb::shape<-1, -1>, nb::c_contig, nb::device::cpu>;
// gain, color (n, 3), rectangle (n, 4)
using Values = nb::tuple;

std::vector<Candidate> candidates_of(const RowsIn& rows, const Ints& brush, const Ints& seed, int num_brushes) {
    const StrokeRow* r = check_rows(rows);
    const std::size_t count = rows.shape(0);
    check_length("brush", brush.shape(0), count);
    check_length("seed", seed.shape(0), count);
    check_range("brush", brush.data(), count, num_brushes);
    check_range("seed", seed.data(), count, std::int64_t{1} << 30);
    std::vector<Candidate> out;
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) out.push_back({r[i], brush.data()[i], seed.data()[i]});
    return out;
}

nb::ndarray<nb::numpy, double> rows_of(const std::vector<Candidate>& candidates) {
    std::vector<double> flat(13 * candidates.size());
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        std::copy_n(reinterpret_cast<const double*>(&candidates[i].row), 13, flat.data() + 13 * i);
    }
    return own_array(std::move(flat), {candidates.size(), 13});
}

Values values_of(const std::vector<Value>& values) {
    std::vector<double> gain, color;
    std::vector<Rect> rects;
    for (const Value& v : values) {
        gain.push_back(v.gain > -1e299 ? v.gain : -INFINITY);
        color.insert(color.end(), v.color.begin(), v.color.end());
        rects.push_back(v.rect);
    }
    return nb::make_tuple(own_array(std::move(gain), {values.size()}),
                          own_array(std::move(color), {values.size(), 3}), rect_array(rects));
}

std::tuple<int, int, int, int> tuple_of(const Rect& r) {
    if (r.empty()) return {0, 0, 0, 0};
    return {r.left, r.top, r.right, r.bottom};
}

Candidate one(const RowsIn& row, std::int32_t brush, std::int32_t seed, int num_brushes) {
    check_length("row", row.shape(0), 1);
    check_range("brush", &brush, 1, num_brushes);
    check_range("seed", &seed, 1, std::int64_t{1} << 30);
    return {*check_rows(row), brush, seed};
}

void check_index(std::size_t index, std::size_t size) {
    if (index >= size) {
        throw std::invalid_argument("stroke " + std::to_string(index) + ": must be in [0, " + std::to_string(size) +
                                    ")");
    }
}

}  // namespace

namespace {

nb::ndarray<nb::numpy, float> taken(RecordingSurface& surface) {
    std::vector<float> dabs = surface.take();
    const std::size_t count = dabs.size() / kDabColumns;
    return own_array(std::move(dabs), {count, kDabColumns});
}

}  // namespace

void bind_painting(nb::module_& m) {
    // Each dab as a surface is asked for it, opacity after angle; None if the brush is not plain. `events` as in
    // Renderer.draw: 0 takes as few as the curve needs.
    m.def("plain_dabs", [](std::string json, const RowsIn& row, std::int32_t seed, double width_px,
                           int events) -> nb::object {
        check_length("row", row.shape(0), 1);
        auto plain = PlainBrush::from({std::move(json), false, false});
        if (!plain) return nb::none();
        RecordingSurface dabs;
        plain->draw(*check_rows(row), seed, width_px, events, [&](const Dab& d) { dabs.draw(d); });
        return nb::cast(taken(dabs));
    }, nb::sig("def plain_dabs(json: str, row: numpy.ndarray, seed: int, width_px: float, events: int) "
                "-> numpy.ndarray | None"));
    m.def("libmypaint_dabs", [](std::string json, const RowsIn& row, std::int32_t seed, double width_px, int events) {
        check_length("row", row.shape(0), 1);
        Brush brush({std::move(json), false, false});
        RecordingSurface dabs;
        brush.draw(dabs.surface(), *check_rows(row), seed, width_px, events);
        return taken(dabs);
    });

    nb::class_<Limits>(m, "Limits")
        .def("__init__",
             [](Limits* self, std::array<double, 2> radius, std::array<double, 2> length,
                std::array<double, 2> opacity, double min_pressure, bool fixed_radius) {
                 new (self) Limits{radius[0],  radius[1],  length[0],    length[1],
                                   opacity[0], opacity[1], min_pressure, fixed_radius};
             },
             nb::arg("radius"), nb::arg("length"), nb::arg("opacity"), nb::arg("min_pressure"),
             nb::arg("fixed_radius"));

    nb::class_<Painting>(m, "Painting")
        .def("__init__",
             [](Painting* self, const Picture& target, std::array<double, 3> background, std::vector<int> factors) {
                 new (self) Painting(static_cast<int>(target.shape(0)), static_cast<int>(target.shape(1)),
                                     target.data(), nullptr, background, factors);
             })
        .def("__init__",
             [](Painting* self, const Picture& target, std::array<double, 3> background, std::vector<int> factors,
                const Weight& weight) {
                 if (weight.shape(0) != target.shape(0) || weight.shape(1) != target.shape(1)) {
                     throw std::invalid_argument("weight: must have the target's height and width");
                 }
                 new (self) Painting(static_cast<int>(target.shape(0)), static_cast<int>(target.shape(1)),
                                     target.data(), weight.data(), background, factors);
             })
        .def("add_brush",
             [](Painting& self, std::string json, bool time_matters) {
                 return self.add_brush({std::move(json), false, time_matters});
             })
        .def("set_palette", &Painting::set_palette)
        .def("__len__", &Painting::size)
        .def("error", &Painting::error, nb::call_guard<nb::gil_scoped_release>())
        .def("evaluations", &Painting::evaluations)
        .def("canvas",
             [](const Painting& self) {
                 std::vector<float> out(std::size_t{3} * self.height() * self.width());
                 self.canvas(out.data());
                 return own_array(std::move(out), {static_cast<std::size_t>(self.height()),
                                                   static_cast<std::size_t>(self.width()), 3});
             })
        .def("error_map",
             [](const Painting& self) {
                 std::vector<float> out(std::size_t(self.height()) * self.width());
                 self.error_map(out.data());
                 return own_array(std::move(out),
                                  {static_cast<std::size_t>(self.height()), static_cast<std::size_t>(self.width())});
             })
        .def("strokes",
             [](const Painting& self) {
                 std::vector<Candidate> all;
                 std::vector<std::int32_t> brush, seed;
                 for (std::size_t i = 0; i < self.size(); ++i) {
                     all.push_back(self.stroke(i));
                     brush.push_back(all.back().brush);
                     seed.push_back(all.back().seed);
                 }
                 return nb::make_tuple(rows_of(all), own_array(std::move(brush), {all.size()}),
                                       own_array(std::move(seed), {all.size()}));
             })
        .def("stroke",
             [](const Painting& self, std::size_t at) {
                 check_index(at, self.size());
                 const Candidate& c = self.stroke(at);
                 return nb::make_tuple(rows_of({c}), own_array(std::vector<std::int32_t>{c.brush}, {1}),
                                       own_array(std::vector<std::int32_t>{c.seed}, {1}));
             })
        .def("evaluate",
             [](Painting& self, const RowsIn& rows, const Ints& brush, const Ints& seed, int num_brushes,
                std::size_t layer, int threads) {
                 const auto c = candidates_of(rows, brush, seed, num_brushes);
                 std::vector<Value> values(c.size());
                 {
                     const nb::gil_scoped_release free;
                     self.evaluate(c.data(), c.size(), layer, threads, values.data());
                 }
                 return values_of(values);
             })
        .def("climb",
             [](Painting& self, const RowsIn& rows, const Ints& brush, const Ints& seed, int num_brushes,
                std::size_t layer, int steps, double scale, const Limits& limits, std::uint64_t climb_seed,
                int threads) {
                 auto c = candidates_of(rows, brush, seed, num_brushes);
                 std::vector<Value> values(c.size());
                 {
                     const nb::gil_scoped_release free;
                     self.climb(c.data(), c.size(), layer, steps, scale, limits, climb_seed, threads, values.data());
                 }
                 return nb::make_tuple(rows_of(c), values_of(values));
             })
        .def("extend",
             [](Painting& self, const RowsIn& rows, const Ints& brush, const Ints& seed, int num_brushes) {
                 const auto c = candidates_of(rows, brush, seed, num_brushes);
                 const nb::gil_scoped_release free;
                 self.extend(c.data(), c.size());
             })
        .def("insert",
             [](Painting& self, std::size_t at, const RowsIn& row, std::int32_t brush, std::int32_t seed,
                int num_brushes) {
                 check_index(at, self.size() + 1);
                 return tuple_of(self.insert(at, one(row, brush, seed, num_brushes)));
             })
        .def("replace",
             [](Painting& self, std::size_t at, const RowsIn& row, std::int32_t brush, std::int32_t seed,
                int num_brushes) {
                 check_index(at, self.size());
                 return tuple_of(self.replace(at, one(row, brush, seed, num_brushes)));
             })
        .def("remove",
             [](Painting& self, std::size_t at) {
                 check_index(at, self.size());
                 return tuple_of(self.remove(at));
             })
        .def("revise",
             [](Painting& self, std::size_t at, int steps, double scale, const Limits& limits, std::uint64_t seed) {
                 check_index(at, self.size());
                 Rect changed;
                 double gain = 0;
                 {
                     const nb::gil_scoped_release free;
                     gain = self.revise(at, steps, scale, limits, seed, &changed);
                 }
                 return std::make_tuple(gain, tuple_of(changed));
             })
        .def("removal_losses",
             [](const Painting& self) {
                 std::vector<double> out(self.size());
                 {
                     const nb::gil_scoped_release free;
                     self.removal_losses(out.data());
                 }
                 const std::size_t count = out.size();
                 return own_array(std::move(out), {count});
             })
        .def("solve_colors", &Painting::solve_colors, nb::call_guard<nb::gil_scoped_release>());
}

}  // namespace spiral
