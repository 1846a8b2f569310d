package purse

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is text that must not reach a log, a page or an error message. It says
// "[secret]" however it is printed; write string(s) to mean it.
type Secret string

// redacted is what every form of printing shows instead.
const redacted = "[secret]"

// Format is for the verbs that do not suit text: fmt prints the value of those.
func (Secret) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

func (Secret) String() string               { return redacted }
func (Secret) GoString() string             { return redacted }
func (Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
