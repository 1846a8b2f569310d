// Package outbound is the only package that talks to the outside: to mail
// servers, to the gateway for text messages, and to URLs that somebody gives.
//
// It promises that a URL leads to nothing private: what counts is the address
// actually connected to, after all names are resolved (Client). Everything that
// it does is bounded in time and size. A message is delivered at most a few
// times, from memory (Post), and nothing of it, neither text nor address, gets
// into a log or into the text of a Failure.
//
// What messages say, and to whom, is left to the use cases.
package outbound

import "purse"

// Failure says why a message was not delivered, in words that may be logged:
// nothing of the message is in them, nor what a server has said about it.
type Failure struct {
	Reason string
	Final  bool // to try again would not help
}

func (f *Failure) Error() string { return f.Reason }

// badAddress is the Failure of a message whose address is not of the kind, or
// not in the form, that a Sender takes.
var badAddress = &Failure{Reason: "the address is not one to send to", Final: true}

// inForm says whether to is what parse makes of text: a Sender trusts no
// address that could say more than who receives the message.
func inForm(to purse.Address, text string, parse func(string) (purse.Address, error)) bool {
	a, err := parse(text)
	return err == nil && a == to
}
