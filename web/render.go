package web

import (
	"bytes"
	"embed"
	"fmt"
	"html"
	"html/template"
	"net/http"
	"net/url"
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

	Bare   bool   // the page leads nowhere else
	Tabs   []tab  // on the pages of the settings, and of a merchant's desk
	TabsOf string // what they are the pages of; "": of the settings

	Done    string // what has just been done
	Fault   string // why not
	FaultAt string // the form that it is about, on pages with several
}

// tab is one of several pages that belong together.
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
		Funcs(template.FuncMap{"asset": assetAddress, "href": exactly}).
		Option("missingkey=error").
		ParseFS(templateFiles, "templates/layout.html", "templates/fields.html"))
	files, err := templateFiles.ReadDir("templates")
	if err != nil {
		panic(err)
	}
	made := map[string]*template.Template{}
	for _, f := range files {
		if f.Name() == "layout.html" || f.Name() == "fields.html" {
			continue
		}
		page := template.Must(template.Must(layout.Clone()).ParseFS(templateFiles, "templates/"+f.Name()))
		made[strings.TrimSuffix(f.Name(), path.Ext(f.Name()))] = page
	}
	return made
})

// exactly is the attribute of a link to a merchant's own site: the merchant waits at
// that address and no other, and templates would write it anew. What is no web address
// is none here, wherever it is from.
func exactly(uri string) template.HTMLAttr {
	if u, err := url.Parse(uri); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return `href="#"`
	}
	return template.HTMLAttr(`href="` + html.EscapeString(uri) + `"`)
}

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
