// The Python face of the native renderer. Arrays are checked here; the GIL is released while drawing.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrays.h"
#include "reference.h"
#include "renderer.h"

namespace spiral {

void bind_painting(nb::module_& m);  // painting_binding.cpp


namespace {

using Bytes3 = nb::ndarray<nb::numpy, std::uint8_t>;

struct CheckedStrokes {
    CheckedStrokes(const Renderer& renderer, std::size_t num_brushes, const RowsIn& rows, const Ints& brush,
                   const Ints& seed, const Ints& canvas)
        : span{check_rows(rows), brush.data(), seed.data(), canvas.data(), rows.shape(0)} {
        check_length("brush", brush.shape(0), span.count);
        check_length("seed", seed.shape(0), span.count);
        check_length("canvas", canvas.shape(0), span.count);
        check_range("brush", span.brush, span.count, static_cast<std::int64_t>(num_brushes));
        check_range("seed", span.seed, span.count, std::int64_t{1} << 30);
        check_range("canvas", span.canvas, span.count, renderer.canvases().count());
    }
    StrokeSpan span;
};

void check_canvas(const Renderer& r, int canvas) {
    const auto number = static_cast<std::int32_t>(canvas);
    check_range("canvas", &number, 1, r.canvases().count());
}

void bind_renderer(nb::module_& m) {
    nb::class_<Snapshot>(m, "Snapshot");
    nb::class_<Renderer>(m, "Renderer")
        .def(nb::init<int, int, int, int>(), nb::arg("count"), nb::arg("height"), nb::arg("width"),
             nb::arg("threads"))
        .def("add_brush",
             [](Renderer& self, std::string json, bool pigment, bool time_matters) {
                 return self.add_brush({std::move(json), pigment, time_matters});
             })
        .def("clear",
             [](Renderer& self, std::array<double, 3> color, const Ints& canvas) {
                 check_range("canvas", canvas.data(), canvas.shape(0), self.canvases().count());
                 const nb::gil_scoped_release free;
                 for (std::size_t i = 0; i < canvas.shape(0); ++i) self.clear(canvas.data()[i], color.data());
             })
        .def("draw",
             [](Renderer& self, const RowsIn& rows, const Ints& brush, const Ints& seed, const Ints& canvas,
                int num_brushes, int fixed_events) {
                 const CheckedStrokes s(self, static_cast<std::size_t>(num_brushes), rows, brush, seed, canvas);
                 std::vector<Rect> rects(s.span.count);
                 {
                     const nb::gil_scoped_release free;
                     self.draw(s.span, fixed_events, rects.data());
                 }
                 return rect_array(rects);
             })
        .def("draw_continuing",
             [](Renderer& self, const RowsIn& rows, const Ints& brush, const Ints& seed, const Ints& canvas,
                int num_brushes, nb::ndarray<const std::uint8_t, nb::shape<-1>, nb::c_contig> jump) {
                 const CheckedStrokes s(self, static_cast<std::size_t>(num_brushes), rows, brush, seed, canvas);
                 check_length("jump", jump.shape(0), s.span.count);
                 std::vector<Rect> rects(s.span.count);
                 {
                     const nb::gil_scoped_release free;
                     self.draw_continuing(s.span, jump.data(), rects.data());
                 }
                 return rect_array(rects);
             })
        .def("pixels",
             [](const Renderer& self) {
                 const auto& c = self.canvases();
                 const std::size_t size = 3 * c.plane_size();
                 std::vector<std::uint8_t> out(size * static_cast<std::size_t>(c.count()));
                 {
                     const nb::gil_scoped_release free;
                     for (int i = 0; i < c.count(); ++i) {
                         self.bytes(i, c.bounds(), out.data() + size * static_cast<std::size_t>(i));
                     }
                 }
                 return own_array(std::move(out), {static_cast<std::size_t>(c.count()),
                                                   static_cast<std::size_t>(c.height()),
                                                   static_cast<std::size_t>(c.width()), 3});
             })
        .def("region",
             [](const Renderer& self, int canvas, std::array<int, 4> box) {
                 check_canvas(self, canvas);
                 const Rect rect = Rect{box[0], box[1], box[2], box[3]}.meet(self.canvases().bounds());
                 const std::size_t height = rect.empty() ? 0 : static_cast<std::size_t>(rect.height());
                 const std::size_t width = rect.empty() ? 0 : static_cast<std::size_t>(rect.width());
                 std::vector<std::uint8_t> out(3 * height * width);
                 if (!out.empty()) self.bytes(canvas, rect, out.data());
                 return own_array(std::move(out), {height, width, 3});
             })
        .def("planes",
             [](const Renderer& self, int canvas) {
                 check_canvas(self, canvas);
                 const auto& c = self.canvases();
                 return own_array(self.snapshot(canvas).pixels,
                                  {4, static_cast<std::size_t>(c.height()), static_cast<std::size_t>(c.width())});
             })
        .def("snapshot",
             [](const Renderer& self, int canvas) {
                 check_canvas(self, canvas);
                 return self.snapshot(canvas);
             })
        .def("restore",
             [](Renderer& self, int canvas, const Snapshot& snapshot) {
                 check_canvas(self, canvas);
                 self.restore(canvas, snapshot);
             })
        .def("keep_undo", &Renderer::keep_undo)
        .def("undo_depth",
             [](const Renderer& self, int canvas) {
                 check_canvas(self, canvas);
                 return self.undo_depth(canvas);
             })
        .def("undo", [](Renderer& self, int canvas) {
            check_canvas(self, canvas);
            std::vector<Rect> rect(1);
            if (!self.undo(canvas, rect.data())) throw std::invalid_argument("nothing to undo on this canvas");
            return rect_array(rect);
        });
}

// libmypaint as it comes, one call an event, for the comparison with ours.
void bind_reference(nb::module_& m) {
    nb::class_<ReferenceSurface>(m, "ReferenceSurface")
        .def(nb::init<int, int, bool>(), nb::arg("height"), nb::arg("width"), nb::arg("extended"))
        .def("clear", [](ReferenceSurface& self, std::array<double, 3> color) { self.clear(color.data()); })
        .def("begin_atomic", &ReferenceSurface::begin_atomic, nb::call_guard<nb::gil_scoped_release>())
        .def("end_atomic", &ReferenceSurface::end_atomic, nb::call_guard<nb::gil_scoped_release>())
        .def("tiles", [](const ReferenceSurface& self) {
            constexpr std::size_t words = std::size_t{4} * kTile * kTile;
            std::vector<std::uint16_t> out;
            out.reserve(words * static_cast<std::size_t>(self.tiles_high() * self.tiles_wide()));
            for (int ty = 0; ty < self.tiles_high(); ++ty) {
                for (int tx = 0; tx < self.tiles_wide(); ++tx) {
                    const std::uint16_t* tile = self.tile(ty, tx);
                    out.insert(out.end(), tile, tile + words);
                }
            }
            return own_array(std::move(out), {static_cast<std::size_t>(self.tiles_high()),
                                              static_cast<std::size_t>(self.tiles_wide()), kTile, kTile, 4});
        });

    nb::class_<Brush>(m, "ReferenceBrush")
        .def("__init__",
             [](Brush* self, std::string json, bool pigment) { new (self) Brush({std::move(json), pigment, true}); })
        .def("set_appearance",
             [](Brush& self, const RowsIn& row, double width_px) {
                 check_length("row", row.shape(0), 1);
                 self.set_appearance(*check_rows(row), width_px);
             })
        .def("reset", &Brush::reset)
        .def("seed", &Brush::seed)
        .def("draw",
             [](Brush& self, ReferenceSurface& surface, const RowsIn& row, std::int32_t seed, double width_px) {
                 check_length("row", row.shape(0), 1);
                 self.draw(surface.surface(), *check_rows(row), seed, width_px, kMaxEvents);
             },
             nb::arg("surface"), nb::arg("row"), nb::arg("seed"), nb::arg("width_px"))
        .def("stroke_to",
             [](Brush& self, ReferenceSurface& surface, float x, float y, float pressure, double seconds) {
                 const nb::gil_scoped_release free;
                 self.stroke_to(surface.surface(), x, y, pressure, seconds);
             });

    // libmypaint's own surface driven from C++: what is left when Python is not in the loop.
    m.def("reference_paint", [](ReferenceSurface& surface, const std::string& json, const RowsIn& rows,
                                const Ints& seed) {
        const StrokeRow* strokes = check_rows(rows);
        check_length("seed", seed.shape(0), rows.shape(0));
        Brush brush({json, false, true});
        std::vector<float> picture(std::size_t{3} * surface.height() * surface.width());
        {
            const nb::gil_scoped_release free;
            for (std::size_t i = 0; i < rows.shape(0); ++i) {
                surface.begin_atomic();
                brush.draw(surface.surface(), strokes[i], seed.data()[i], surface.width(), kMaxEvents);
                surface.end_atomic();
                surface.to_floats(picture.data());
            }
        }
        return own_array(std::move(picture), {static_cast<std::size_t>(surface.height()),
                                              static_cast<std::size_t>(surface.width()), 3});
    });
}

}  // namespace

}  // namespace spiral

NB_MODULE(_native, m) {
    namespace nb = nanobind;
    m.doc() = "libmypaint's brush engine over a batched surface of our own; used only by adapters.mypaint.";
    m.attr("MAX_EVENTS") = spiral::kMaxEvents;
    m.attr("EVENT_SECONDS") = spiral::kEventSeconds;
    m.def("instruction_sets", &spiral::instruction_sets);
    m.def("use_instruction_set", &spiral::use_instruction_set, nb::arg("name"));
    m.def("knows_setting", [](const std::string& name) { return spiral::knows_setting(name); });
    m.def("knows_input", [](const std::string& name) { return spiral::knows_input(name); });
    spiral::bind_renderer(m);
    spiral::bind_reference(m);
    spiral::bind_painting(m);
}
