package web

import (
	"fmt"

	"github.com/boombuler/barcode/qr"
)

// qrCode is a QR code as runs of dark squares, for an SVG.
type qrCode struct {
	Size int // squares a side, with the quiet zone; 0: there is none
	Runs []qrRun
}

type qrRun struct{ X, Y, Width int }

// quiet is the light zone that a QR code needs around it.
const quiet = 4

// newQR draws text, which must not be longer than a QR code can hold.
func newQR(text string) (qrCode, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return qrCode{}, fmt.Errorf("draw a QR code: %w", err)
	}
	side := code.Bounds().Dx()
	made := qrCode{Size: side + 2*quiet}
	for y := range side {
		for x := 0; x < side; x++ {
			from := x
			for x < side && dark(code.At(x, y).RGBA()) {
				x++
			}
			if x > from {
				made.Runs = append(made.Runs, qrRun{from + quiet, y + quiet, x - from})
			}
		}
	}
	return made, nil
}

func dark(r, _, _, _ uint32) bool { return r == 0 }
