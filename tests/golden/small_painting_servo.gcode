; painted by Spiral Studio
; page 148 x 105 mm, origin at its bottom left corner, y up
; 5 strokes, 5 pen paths, 2 colour changes
G21 ; millimetres
G90 ; absolute
G17 ; arcs, if any, in the plane of the page
G94 ; feed per minute
M5
G4 P0.2
; insert colour #cc1a1a
G0 X23.333 Y87.333
M3 S90
G4 P0.2
G1 X48.667 Y68.333 F1234.5
G1 X74 Y62
G1 X99.333 Y68.333
G1 X124.667 Y87.333
M5
G4 P0.2
G0 X36 Y24
M3 S90
G4 P0.2
M5
G4 P0.2
; insert colour #1a33b3
G0 X74 Y62
M3 S90
G4 P0.2
G1 X117.429 Y58.381 F1234.5
G1 X137.333 Y55.893
M5
G4 P0.2
G0 X137.333 Y42.774
M3 S90
G4 P0.2
G1 X117.429 Y40.286 F1234.5
G1 X74 Y36.667
M5
G4 P0.2
; insert colour #cc1a1a
G0 X48.667 Y74.667
M3 S90
G4 P0.2
G1 X71.185 Y69.037 F1234.5
G1 X88.074 Y52.148
G1 X99.333 Y24
M5
G4 P0.2
; done
G0 X0 Y0
M2
