package web

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// qrCode is a QR code as one path of an SVG, drawn with a stroke of width 1.
type qrCode struct {
	Size int // squares a side, with the quiet zone; 0: there is none
	Path string
}

// quiet is the light zone that a QR code needs around it.
const quiet = 4

// newQR draws text, which must not be longer than a QR code can hold.
func newQR(text string) (qrCode, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return qrCode{}, fmt.Errorf("draw a QR code: %w", err)
	}
	side := code.Bounds().Dx()
	var path strings.Builder
	for y := range side {
		fmt.Fprintf(&path, "M%d %d.5", quiet, y+quiet)
		at := 0 // the pen
		for x := 0; x < side; x++ {
			from := x
			for x < side && dark(code.At(x, y).RGBA()) {
				x++
			}
			if x == from {
				continue
			}
			if from > at {
				fmt.Fprintf(&path, "m%d 0", from-at)
			}
			fmt.Fprintf(&path, "h%d", x-from)
			at = x
		}
	}
	return qrCode{Size: side + 2*quiet, Path: path.String()}, nil
}

func dark(r, _, _, _ uint32) bool { return r == 0 }
