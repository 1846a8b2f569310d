package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"purse"
	"purse/api"
	"purse/money"
	"purse/store"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// config is what flags, the environment and the configuration file say.
type config struct {
	Database   string
	RunDir     string
	Mode       purse.Mode
	Currency   money.Currency
	Listen     string
	PublicURL  string // without a slash at the end; empty: what it listens on
	Proxies    api.Proxies
	TLSCert    string
	TLSKey     string
	KeyFile    string        // empty: beside a SQLite database, none for PostgreSQL
	Keep       time.Duration // how long the answers of idempotency keys are kept
	Rate       int           // requests a second that one caller may make; 0: any number
	RateBurst  int           // and so many at once
	Messages   messageConfig
	Name       string       // what the network calls itself
	AppSignIn  string       // whether apps may sign people in with their password: on, off, or auto
	SandboxKey purse.Secret // what shows a sandbox's messages to those who are not on this machine
}

// networkFlags are those of every command that needs a network.
func networkFlags(f *pflag.FlagSet) {
	f.String("config", "", "a YAML file with any of these settings")
	f.String("database", "purse.db", "a path (SQLite) or a postgres:// URL")
	f.String("run-dir", "", "where a server on PostgreSQL puts its administration socket (default: $XDG_RUNTIME_DIR, else the temporary folder)")
}

// creationFlags are those of the commands that may create a network.
func creationFlags(f *pflag.FlagSet) {
	f.Bool("sandbox", false, "the network is a sandbox, for trying things out; fixed when it is created")
	f.String("currency", "USD", "the network's currency (ISO 4217); fixed when it is created")
}

// listenFlags are those of the commands that serve.
func listenFlags(f *pflag.FlagSet, listen string) {
	f.String("listen", listen, "address to listen on; port 0 picks a free one")
	f.String("public-url", "", "what links start with; a live network needs it, with https")
	f.String("trusted-proxies", "", "addresses and networks whose X-Forwarded-For is believed, with commas between")
	f.String("tls-cert", "", "certificate file, to serve https without a proxy")
	f.String("tls-key", "", "key file of the certificate")
	f.String("key-file", "", "the key that seals the seeds of authenticator apps and the API secrets of merchants, 32 bytes or 64 hex digits (default: for SQLite the database's name with .key, made if it is not there)")
	f.Duration("keep-answers", 7*24*time.Hour, "how long the answers to requests with an Idempotency-Key are kept, at least 168h")
	f.String("name", "purse", "what the network calls itself, on pages and in messages")
	f.String("app-sign-in", "auto", "whether apps may sign people in with their password, as before OAuth: on, off, or auto, which is on in a sandbox")
	f.String("sandbox-key", "", "shows a sandbox's messages to whoever knows it; without it they are shown on this machine only")
	f.Int("rate", 50, "requests a second that one access token, or one address without a token, may make, each GET a tenth of one; 0 for any number")
	f.Int("rate-burst", 200, "how many of those it may make at once")
}

// envPrefix is what settings in the environment start with: PURSE_PUBLIC_URL.
const envPrefix = "PURSE_"

// readConfig reads the settings of a command: its flags, else the environment,
// else the file, else the flags' defaults.
func readConfig(cmd *cobra.Command) (config, error) {
	k := koanf.New(".")
	path := os.Getenv(envPrefix + "CONFIG")
	if f := cmd.Flags().Lookup("config"); f.Changed || path == "" {
		path = f.Value.String()
	}
	if path != "" {
		if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
			return config{}, fmt.Errorf("read the configuration file: %w", err)
		}
	}
	fromEnv := env.Provider(".", env.Opt{Prefix: envPrefix, TransformFunc: func(name, value string) (string, any) {
		return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, envPrefix)), "_", "-"), value
	}})
	if err := k.Load(fromEnv, nil); err != nil {
		return config{}, err
	}
	if err := k.Load(posflag.Provider(cmd.Flags(), ".", k), nil); err != nil {
		return config{}, err
	}
	c := config{
		Database: k.String("database"), RunDir: k.String("run-dir"), Listen: k.String("listen"),
		Mode: purse.Live, Currency: money.Currency(strings.ToUpper(k.String("currency"))),
		PublicURL: strings.TrimRight(k.String("public-url"), "/"),
		TLSCert:   k.String("tls-cert"), TLSKey: k.String("tls-key"), KeyFile: k.String("key-file"), Keep: k.Duration("keep-answers"),
	}
	c.Messages = readMessages(k)
	if k.Bool("sandbox") {
		c.Mode = purse.Sandbox
	}
	if err := c.readPages(k); err != nil {
		return c, err
	}
	if c.Database == "" {
		return c, fmt.Errorf("no database is given")
	}
	var err error
	if c.Proxies, err = api.ParseProxies(k.String("trusted-proxies")); err != nil {
		return c, fmt.Errorf("trusted-proxies: %w", err)
	}
	if c.Rate, err = whole(k, "rate"); err != nil {
		return c, err
	}
	c.RateBurst, err = whole(k, "rate-burst")
	return c, err
}

// readPages reads the settings of pages and sign-ins.
func (c *config) readPages(k *koanf.Koanf) error {
	c.Name, c.SandboxKey = k.String("name"), purse.Secret(k.String("sandbox-key"))
	switch c.AppSignIn = k.String("app-sign-in"); c.AppSignIn {
	case "on", "off", "auto", "":
	default:
		return fmt.Errorf("app-sign-in is on, off or auto")
	}
	if c.Name != "" && (!purse.PlainText(c.Name) || len(c.Name) > 60 || strings.ContainsAny(c.Name, "\r\n")) {
		return fmt.Errorf("name is one line of at most 60 bytes")
	}
	return nil
}

// appSignIns says whether apps may sign people in with their password in a network
// of this mode.
func (c config) appSignIns(mode purse.Mode) bool {
	return c.AppSignIn == "on" || c.AppSignIn != "off" && mode == purse.Sandbox
}

// whole reads a setting that is a whole number; 0 if the command has none. What
// koanf's own Int cannot read would be 0, which may mean "no limit".
func whole(k *koanf.Koanf, name string) (int, error) {
	if !k.Exists(name) {
		return 0, nil
	}
	n, err := strconv.Atoi(k.String(name))
	if err != nil {
		return 0, fmt.Errorf("%s must be a whole number", name)
	}
	return n, nil
}

// rateMax bounds the settings of the rate limits.
const rateMax = 1_000_000

// checkServing refuses settings with which a network must not be served.
func (c config) checkServing(loopback bool) error {
	if c.Keep < 7*24*time.Hour {
		return fmt.Errorf("keep-answers must be at least 168h; callers rely on repeating a request for a week")
	}
	if c.Rate < 0 || c.Rate > rateMax {
		return fmt.Errorf("rate must be from 0 (no limits) to %d", rateMax)
	}
	if c.Rate > 0 && (c.RateBurst < 1 || c.RateBurst > rateMax) {
		return fmt.Errorf("rate-burst must be from 1 to %d", rateMax)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return fmt.Errorf("tls-cert and tls-key go together")
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return fmt.Errorf("public-url must look like https://pay.example.org")
		}
	}
	if c.Mode != purse.Live {
		return nil
	}
	if !strings.HasPrefix(c.PublicURL, "https://") {
		return fmt.Errorf("a live network needs --public-url with https (or is it a --sandbox?)")
	}
	if c.TLSCert == "" && len(c.Proxies) == 0 && !loopback {
		return fmt.Errorf("a live network is served with --tls-cert, or behind a TLS proxy that --trusted-proxies names")
	}
	_, err := c.Messages.senders()
	return err
}

// socket is where the server of this network listens for operators.
func (c config) socket() string {
	if !store.IsPostgres(c.Database) {
		return c.Database + ".sock"
	}
	dir := c.RunDir
	if dir == "" {
		dir = os.Getenv("XDG_RUNTIME_DIR")
	}
	if dir == "" {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "purse-"+databaseName(c.Database)+".sock")
}

// databaseName is a name for a PostgreSQL database that is the same for all its
// URLs and shows no password.
func databaseName(database string) string {
	u, err := url.Parse(database)
	if err != nil {
		return "postgres"
	}
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, u.Host+u.Path)
	return clean[max(0, len(clean)-60):] // a socket's path is short
}
