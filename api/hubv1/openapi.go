package hubv1

import (
	_ "embed"
	"encoding/json"
	"net/http"

	"github.com/knadh/koanf/parsers/yaml"

	"purse/api"
)

// description is this door's OpenAPI description, written by hand.
//
//go:embed openapi.yaml
var description []byte

// descriptions makes the handlers of GET /paymenthub/v1/openapi.yaml and openapi.json. They
// need no token: programs read them before they have one.
func descriptions() (inYAML, inJSON api.Handler) {
	// The parser of the configuration file; it makes maps that JSON can say.
	parsed, err := yaml.Parser().Unmarshal(description)
	if err != nil {
		panic(err) // the file is part of the program, and tested with it
	}
	asJSON, err := json.Marshal(parsed)
	if err != nil {
		panic(err)
	}
	inYAML = func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "application/yaml")
		_, err := w.Write(description)
		return err
	}
	inJSON = func(w http.ResponseWriter, _ *http.Request) error {
		return api.WriteJSON(w, http.StatusOK, string(asJSON))
	}
	return inYAML, inJSON
}
