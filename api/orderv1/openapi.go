package orderv1

import _ "embed"

// description is this door's OpenAPI description, written by hand.
//
//go:embed openapi.yaml
var description []byte
