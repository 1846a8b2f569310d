package purse

// Medium is what a payment was made with; the words are those of seeds/002.
type Medium string

// The media of a payment.
const (
	MediumAPI     Medium = "api" // a program that speaks the wallet API
	MediumIOS     Medium = "ios"
	MediumAndroid Medium = "android"
	MediumWeb     Medium = "web" // this network's own pages
)

// App is a program that people let act for them.
type App struct {
	ID      AppID
	Name    string
	Medium  Medium // what payments made with it carry
	Created Time
}

// Check refuses an app that cannot be stored. Only the network's own pages are
// MediumWeb.
func (a App) Check() error {
	if a.Name == "" || !PlainText(a.Name) || len(a.Name) > nameMax {
		return Refuse(CodeInvalid, "An app's name has 1 to %d bytes and no control characters.", nameMax)
	}
	switch a.Medium {
	case MediumAPI, MediumIOS, MediumAndroid:
		return nil
	}
	return Refuse(CodeInvalid, "An app's medium is api, ios or android.")
}

// App finds an app.
func (f *Facts) App(id AppID) (App, error) {
	return found(f, &f.set.Apps, id, "app", func(n *Needs) { n.Apps = []AppID{id} })
}
