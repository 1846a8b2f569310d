package api

import (
	"encoding/json"
	"net/http"

	"github.com/knadh/koanf/parsers/yaml"
)

// Descriptions makes the handlers that serve a door's OpenAPI description, which is
// YAML, as it is and as JSON. They need no credential: programs read them before they
// have one. It panics if the description is not YAML: it is part of the program.
func Descriptions(description []byte) (inYAML, inJSON Handler) {
	// The parser of the configuration file; it makes maps that JSON can say.
	parsed, err := yaml.Parser().Unmarshal(description)
	if err != nil {
		panic(err)
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
		return WriteJSON(w, http.StatusOK, string(asJSON))
	}
	return inYAML, inJSON
}
