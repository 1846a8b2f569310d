package purse

import (
	"fmt"
	"io"
	"log/slog"
)

// Message is what the network has to say to one person: plain text, with lines
// that end in "\n". It carries codes and links that let people in, so it says
// "[message]" however it is printed; read its fields to send it.
type Message struct {
	To      Address
	Subject string // one line; a text message to a phone has none
	Text    string
}

// told is what every form of printing shows instead of a message.
const told = "[message]"

// Format is for all the verbs, also those that do not suit text.
func (Message) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, told) }

func (Message) String() string               { return told }
func (Message) GoString() string             { return told }
func (Message) LogValue() slog.Value         { return slog.StringValue(told) }
func (Message) MarshalText() ([]byte, error) { return []byte(told), nil }

// Courier takes messages to people.
type Courier interface {
	// Send queues a message and never blocks. Whether it arrives nobody is
	// told: it may be lost when the process ends, or when the receiver's server
	// refuses it for long, and may come twice. So whoever waits for one must be
	// able to ask again. Nothing of a message, neither text nor address, gets
	// into a log. Send is safe for concurrent use, and belongs behind Execute,
	// never inside Decide.
	Send(Message)
}

// Mailbox is where the messages of a sandbox stay, for pages to show them.
type Mailbox interface {
	// Delivered is what was sent last, newest first.
	Delivered() []Delivered
}

// Delivered is a message in a Mailbox.
type Delivered struct {
	ID int64 // counts from 1; one that is sent later has a larger one
	Message
	At Time
}
