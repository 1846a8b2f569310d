package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// startDemo starts a demo and waits for its credentials.
func startDemo(t *testing.T, args ...string) (*exec.Cmd, *printed, credentials) {
	t.Helper()
	path := filepath.Join(shortDir(t), "credentials.json")
	cmd := command(t, append([]string{"demo", "--listen", "127.0.0.1:0", "--credentials", path}, args...)...)
	cmd.Env = append(cmd.Env, "TMPDIR="+shortDir(t))
	var page printed
	cmd.Stdout, cmd.Stderr = &page, &page
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	until(t, "the demo has written its credentials", func() bool { _, err := os.Stat(path); return err == nil })
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var c credentials
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	return cmd, &page, c
}

func stopDemo(t *testing.T, cmd *exec.Cmd, page *printed) string {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the demo ended with %v: %s", err, page)
	}
	return page.String()
}

func TestDemoIsReady(t *testing.T) {
	cmd, page, c := startDemo(t)
	names, starts := []string{"ada", "ben", "cleo"}, []string{"1000.00", "500.00", "0.00"}
	if len(c.Users) != len(names) {
		t.Fatalf("%d users", len(c.Users))
	}
	var people []person
	for i, u := range c.Users {
		if u.Username != names[i] || u.ID == "" || u.AccessToken == "" || u.Email == "" || u.Phone == "" {
			t.Errorf("user %d is %+v", i, u)
		}
		people = append(people, person{u.ID, u.AccessToken})
	}
	if status, body := pay(t, c.BaseURL, people[0], people[2], "0.01"); status != 200 || !strings.Contains(body, `"balance":999.99,`) {
		t.Errorf("ada pays: %d %s", status, body)
	}
	if status, body := pay(t, c.BaseURL, people[2], people[0], "0.01"); status != 200 || !strings.Contains(body, `"balance":0.00,`) {
		t.Errorf("cleo pays: %d %s", status, body)
	}
	text := stopDemo(t, cmd, page)
	for i, name := range names {
		if !regexp.MustCompile(name + ` +` + starts[i] + ` USD`).MatchString(text) {
			t.Errorf("the page does not show %s with %s:\n%s", name, starts[i], text)
		}
	}
	left, err := filepath.Glob(filepath.Join(shortDir(t), "purse-demo-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("the demo left %v, %v", left, err)
	}
}

// The lines that the demo prints work as they are printed.
func TestDemoLinesWork(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl on this machine")
	}
	dir := filepath.Join(shortDir(t), "data")
	cmd, page, c := startDemo(t, "--data", dir)
	until(t, "the page is printed", func() bool { return strings.Contains(page.String(), "Stop with Ctrl-C") })
	var lines []string
	whole := ""
	for line := range strings.Lines(page.String()) {
		line = strings.TrimSpace(line)
		if whole == "" && !strings.HasPrefix(line, "curl ") && !strings.HasPrefix(line, "token=$(curl ") {
			continue
		}
		if whole += line; strings.HasSuffix(line, `\`) {
			whole = strings.TrimSuffix(whole, `\`)
			continue
		}
		if strings.HasPrefix(whole, "token=") && !strings.Contains(whole, "\n") {
			whole += "\n" // and the line that uses the token
			continue
		}
		lines, whole = append(lines, whole), ""
	}
	if len(lines) != 10 {
		t.Fatalf("%d lines to try in\n%s", len(lines), page)
	}
	curl := func(line string) string {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", line).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v %s", line, err, out)
		}
		return string(out)
	}
	first := curl(lines[0])
	if !strings.Contains(first, `"status":"settled"`) || !strings.Contains(first, `"balance":995.00`) {
		t.Errorf("%s: %s", lines[0], first)
	}
	if again := curl(lines[0]); again != first {
		t.Errorf("the same request again: %s", again)
	}
	for i, want := range []string{
		`"order_url":"` + c.BaseURL + `/pay/`,
		`"status":"PENDING"`,
		`"status":"settled","note":"Bread","amount":12.00,"action":"charge"`,
		`"balance":980.00,"payment":{`,
		`"note":"Half of the dinner"`,
		`"balance":"980.00"`,
		`"status":"COMPLETED"`,
		`"rel":"redirect_payment"`,
		`"code":1319`,
	} {
		line := strings.Replace(lines[i+1], "CODE", demoCode(t, page, c), 1)
		if got := curl(line); !strings.Contains(got, want) {
			t.Errorf("%s: %s", line, got)
		}
	}
	database := filepath.Join(dir, "purse.db")
	run(t, "treasury", "issue", "cleo", "25.00", "--database", database)
	verify(t, database)
	stopDemo(t, cmd, page)

	// The folder can be used again: people and money are still there.
	cmd, page, again := startDemo(t, "--data", dir)
	if again.Users[0].ID != c.Users[0].ID {
		t.Error("the demo made new people in a used folder")
	}
	seesDemoOrder(t, page, again)
	status, body := pay(t, again.BaseURL, person{again.Users[2].ID, again.Users[2].AccessToken}, person{id: again.Users[0].ID}, "25.00")
	if status != 200 {
		t.Errorf("cleo pays: %d %s", status, body)
	}
	stopDemo(t, cmd, page)
}

// The order that the demo prints can be paid, and whoever works for the shop sees it.
func TestDemoOrder(t *testing.T) {
	t.Parallel()
	cmd, page, c := startDemo(t)
	seesDemoOrder(t, page, c)
	if !regexp.MustCompile(`^merchant-test-[a-z2-7]{16}-order\.purse_ok_\S+$`).MatchString(c.Merchant["order_api_key"]) ||
		!strings.HasPrefix(c.Merchant["order_api_secret"], "purse_os_") {
		t.Errorf("%+v", c.Merchant)
	}
	newVisitor(t, c.BaseURL).open(c.BaseURL+"/desk").press("/sign-in", "", "name=ben", "password="+c.Users[1].Password).
		sees(http.StatusOK, "/desk/"+c.Merchant["id"], c.Merchant["name"], demoOrderProduct)
	stopDemo(t, cmd, page)
}

// seesDemoOrder opens the order's page as it is printed.
func seesDemoOrder(t *testing.T, page *printed, c credentials) {
	t.Helper()
	until(t, "the page is printed", func() bool { return strings.Contains(page.String(), "Stop with Ctrl-C") })
	link := regexp.MustCompile(`http\S+/pay/\S+`).FindString(page.String())
	newVisitor(t, c.BaseURL).open(link).sees(http.StatusOK, strings.TrimPrefix(link, c.BaseURL), c.Merchant["name"], demoOrderProduct, "12.50")
}

// demoCode is a code for the app, got as the page of the demo says.
func demoCode(t *testing.T, page *printed, c credentials) string {
	t.Helper()
	said := regexp.MustCompile(`sign in as ada with "(.*)"`).FindStringSubmatch(page.String())
	way := regexp.MustCompile(`http\S+/v1/oauth/authorize\S+`).FindString(page.String())
	if said == nil || way == "" {
		t.Fatalf("the demo does not say how to let an app in: %s", page)
	}
	ada := newVisitor(t, c.BaseURL)
	ada.open(way).press("/sign-in", "", "name=ada", "password="+said[1]).press("/v1/oauth/authorize", "allow")
	ada.sees(http.StatusOK, "/sandbox/callback", "xyz", "Now the app asks for its tokens", ada.at.Query().Get("code"))
	return ada.at.Query().Get("code")
}

// What the credentials file says lets people and the app in.
func TestCredentialsLetIn(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(shortDir(t), "data")
	cmd, page, c := startDemo(t, "--data", dir)
	app := client{c.App["client_id"], c.App["client_secret"]}
	for _, u := range c.Users {
		for _, name := range []string{u.Username, u.Email, u.Phone} {
			v := newVisitor(t, c.BaseURL).open(app.question(c.BaseURL, "access_profile,access_email,access_phone", "redirect_uri", c.App["redirect_uri"]))
			v.press("/sign-in", "", "name="+name, "password="+u.Password).press("/v1/oauth/authorize", "allow").sees(http.StatusOK, "/sandbox/callback")
			in := do(t, ways["JSON"](t, c.BaseURL+"/v1/oauth/access_token", app, url.Values{"code": {v.at.Query().Get("code")}})).is(http.StatusOK)
			if in.get("user", "id") != u.ID || in.get("user", "email") != u.Email || in.get("user", "phone") != u.Phone {
				t.Errorf("%s lets in %s", name, in.body)
			}
		}
		me(t, c.BaseURL, u.AccessToken, u.Username)
	}
	stopDemo(t, cmd, page)
	verify(t, filepath.Join(dir, "purse.db"))
}

// The credentials file has exactly the keys that scripts rely on.
func TestCredentialsAreStable(t *testing.T) {
	cmd, page, c := startDemo(t)
	stopDemo(t, cmd, page)
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	const want = "app{client_id client_secret redirect_uri} base_url " +
		"merchant{consumer_id hub_password hub_username hub_webhook_key id name order_api_key order_api_secret} " +
		"operator{password username} users[{access_token email id password phone username}]"
	if keys := keysOf(got); keys != want {
		t.Errorf("the keys are\n%s\nwant\n%s", keys, want)
	}
}

func keysOf(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var keys []string
		for _, name := range sortedKeys(v) {
			inner := keysOf(v[name])
			if strings.HasPrefix(inner, "[") {
				keys = append(keys, name+inner)
			} else if inner != "" {
				keys = append(keys, name+"{"+inner+"}")
			} else {
				keys = append(keys, name)
			}
		}
		return strings.Join(keys, " ")
	case []any:
		return "[{" + keysOf(v[0]) + "}]"
	}
	return ""
}
