package purse

// Processor says in a sandbox what an outside processor would have said
// (wire.md B.11). A live network has none.
type Processor interface {
	// Refuses says whether a step with a handle is declined, and why.
	Refuses(Step, Handle) (Decline, bool)
}

// Step is what a Processor is asked about.
type Step string

// The steps with a payment handle.
const (
	StepHandle Step = "handle" // it is made
	StepSale   Step = "sale"   // it is used to take the money
)

// Decline is why something was declined.
type Decline struct {
	Fault     Code   // CodeGateway: it is refused and leaves nothing behind
	Processor string // the processor's own word for it
}
