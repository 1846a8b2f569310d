package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed templates
var templateFiles embed.FS

// Layout is what every page has. Templates get text that is ready to be shown:
// they do no arithmetic and format nothing.
type Layout struct {
	Title   string
	Network string
	Sandbox bool

	// Of the person who is signed in.
	Username, Name, Initials string
	Form                     string // proves that a form is from a page of theirs

	Tabs []tab // on the pages of the settings

	Done    string // what has just been done
	Fault   string // why not
	FaultAt string // the form that it is about, on pages with several
}

// tab is a page of the settings.
type tab struct {
	Path, Name string
	Current    bool
}

// Wrong is the fault of one form of the page, or "".
func (l Layout) Wrong(form string) string {
	if l.FaultAt != form {
		return ""
	}
	return l.Fault
}

// pages are the templates by name. A page that cannot be read stops the program
// when it starts to serve, not when somebody asks for it.
var pages = sync.OnceValue(func() map[string]*template.Template {
	layout := template.Must(template.New("layout.html").
		Funcs(template.FuncMap{"asset": assetAddress}).
		Option("missingkey=error").
		ParseFS(templateFiles, "templates/layout.html"))
	files, err := templateFiles.ReadDir("templates")
	if err != nil {
		panic(err)
	}
	made := map[string]*template.Template{}
	for _, f := range files {
		if f.Name() == "layout.html" {
			continue
		}
		page := template.Must(template.Must(layout.Clone()).ParseFS(templateFiles, "templates/"+f.Name()))
		made[strings.TrimSuffix(f.Name(), path.Ext(f.Name()))] = page
	}
	return made
})

// render writes a page only when the whole page has been made, so that a broken
// template is an error page and never half a page.
func render(w http.ResponseWriter, status int, name string, page any) error {
	t, ok := pages()[name]
	if !ok {
		return fmt.Errorf("there is no page %s", name)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", page); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, err := b.WriteTo(w)
	return err
}
