package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/user"
	"strings"
	"syscall"
	"time"

	"purse"
	"purse/store"

	"github.com/spf13/cobra"
)

// instruction is an administrative command: a name, what the operator typed, and what
// comes of it, both as JSON. It does the same whether a server carries it out or
// the command itself, unless it is refused because it needs a server.
type instruction func(ctx context.Context, n *network, by purse.Operator, args json.RawMessage) (any, error)

// instructions is every administrative command.
var instructions = map[string]instruction{
	"user.create":     typed(createUser),
	"user.password":   typed(setPassword),
	"user.verify":     typed(verifyUser),
	"token.create":    typed(createToken),
	"token.revoke":    typed(revokeToken),
	"treasury.issue":  typed(issueMoney),
	"treasury.redeem": typed(redeemMoney),
	"wallet.freeze":   typed(freezeWallet),
	"limits.set":      typed(setLimits),
	"terms.set":       typed(setTerms),
	"payment.fail":    typed(failPayment),
	"app.create":      typed(createApp),
	"clock.accept":    typed(acceptClock),
	"rates.exempt":    typed(exemptTokens),
	"merchant.create": typed(createMerchant),
	"merchant.list":   typed(listMerchants),
	"merchant.show":   typed(showMerchant),
	"merchant.set":    typed(setMerchant),
	"merchant.keys":   typed(listKeys),
	"merchant.add":    typed(addKeys),
	"merchant.rotate": typed(rotateKeys),
	"merchant.revoke": typed(revokeKey),
	"merchant.close":  typed(closeMerchant),

	"merchant.member.add":    typed(addMember),
	"merchant.member.remove": typed(removeMember),
	"merchant.member.list":   typed(listMembers),
}

// typed makes an order of a function that takes and gives structs.
func typed[In, Out any](do func(context.Context, *network, purse.Operator, In) (Out, error)) instruction {
	return func(ctx context.Context, n *network, by purse.Operator, args json.RawMessage) (any, error) {
		var in In
		d := json.NewDecoder(bytes.NewReader(args))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil {
			return nil, &purse.Error{Code: purse.CodeInvalid, Message: "The command was not understood.", Err: err}
		}
		return do(ctx, n, by, in)
	}
}

// obey carries an order out and writes the operator's audit line to the log;
// the commands write theirs to the book.
func (n *network) obey(ctx context.Context, name string, by purse.Operator, args json.RawMessage) (any, error) {
	do, ok := instructions[name]
	if !ok {
		return nil, purse.Refuse(purse.CodeNotFound, "There is no administrative command %q.", name)
	}
	out, err := do(ctx, n, by, args)
	outcome := "done"
	if err != nil {
		outcome = string(purse.CodeOf(err))
	}
	n.log.Info("operator", "operator", string(by), "order", name, "outcome", outcome)
	return out, err
}

// adminRequest and adminReply are what goes over the administration socket.
type adminRequest struct {
	Operator purse.Operator  `json:"operator"`
	Args     json.RawMessage `json:"args"`
}

type adminReply struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  *adminError     `json:"error,omitempty"`
}

type adminError struct {
	Code    purse.Code `json:"code"`
	Message string     `json:"message"`
}

// adminBodyMax has room for a merchant's logo, and for a page of merchants.
const adminBodyMax = 256 << 10

// desk serves the administration socket: HTTP on a socket that only its owner
// may open.
type desk struct {
	listener net.Listener
	web      *http.Server
}

// listenAdmin opens the socket; nil if another server on the same PostgreSQL
// has it already.
func (n *network) listenAdmin(path string) (*desk, error) {
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		conn.Close()
		n.log.Warn("another server has the administration socket", "socket", path)
		return nil, nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	// The socket is born with the mode that the mask leaves; changing it
	// afterwards would leave a moment in which others may connect.
	mask := syscall.Umask(0o177)
	l, err := net.Listen("unix", path)
	syscall.Umask(mask)
	if err != nil {
		return nil, fmt.Errorf("administration socket: %w", err)
	}
	return &desk{l, &http.Server{Handler: http.HandlerFunc(n.serveAdmin), ReadHeaderTimeout: headerTimeout}}, nil
}

func (d *desk) serve() error                   { return d.web.Serve(d.listener) }
func (d *desk) stop(ctx context.Context) error { return d.web.Shutdown(ctx) }

func (n *network) serveAdmin(w http.ResponseWriter, r *http.Request) {
	var in adminRequest
	var reply adminReply
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, adminBodyMax)).Decode(&in)
	if err == nil {
		var out any
		if out, err = n.obey(r.Context(), strings.TrimPrefix(r.URL.Path, "/"), in.Operator, in.Args); err == nil {
			reply.Result, err = json.Marshal(out)
		}
	}
	if err != nil {
		reply.Error = &adminError{purse.CodeOf(err), message(err)}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(reply) // the operator has gone; the audit line stays
}

// orderer gives orders: to the server of a network if one is running, else to the
// network itself, opened for the purpose.
type orderer struct {
	client *http.Client // nil: no server
	own    *network
}

func newOrderer(ctx context.Context, c config) (*orderer, error) {
	path := c.socket()
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		conn.Close()
		dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}
		return &orderer{client: &http.Client{Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 64}}}, nil
	}
	n, err := openNetwork(ctx, c.Database, store.Options{})
	if err != nil {
		return nil, err
	}
	return &orderer{own: n}, nil
}

func (o *orderer) close() {
	if o.own != nil {
		o.own.store.Close()
	} else {
		o.client.CloseIdleConnections()
	}
}

// give has an order carried out, and reads what came of it into out.
func (o *orderer) give(ctx context.Context, name string, args, out any) error {
	in, err := json.Marshal(args)
	if err != nil {
		return err
	}
	if o.own != nil {
		result, err := o.own.obey(ctx, name, whoami(), in)
		if err != nil {
			return err
		}
		b, err := json.Marshal(result)
		if err != nil {
			return err
		}
		return json.Unmarshal(b, out)
	}
	body, err := json.Marshal(adminRequest{whoami(), in})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://purse/"+name, bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := o.client.Do(r)
	if err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	defer answer.Body.Close()
	var reply adminReply
	if err := json.NewDecoder(io.LimitReader(answer.Body, adminBodyMax)).Decode(&reply); err != nil {
		return fmt.Errorf("the server's answer: %w", err)
	}
	if reply.Error != nil {
		return &purse.Error{Code: reply.Error.Code, Message: reply.Error.Message}
	}
	return json.Unmarshal(reply.Result, out)
}

// whoami is the operator's name on this machine.
func whoami() purse.Operator {
	if u, err := user.Current(); err == nil {
		return purse.Operator(u.Username)
	}
	return purse.Operator(fmt.Sprintf("uid %d", os.Getuid()))
}

// ordered makes the body of a subcommand that gives one order and prints what
// came of it, as a sentence or, with --json, as it is.
func ordered[Out any](name string, args func(cmd *cobra.Command, words []string) (any, error), say func(Out) string) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, words []string) error {
		c, err := readConfig(cmd)
		if err != nil {
			return err
		}
		in, err := args(cmd, words)
		if err != nil {
			return err
		}
		o, err := newOrderer(cmd.Context(), c)
		if err != nil {
			return err
		}
		defer o.close()
		if o.own != nil && sealing[name] {
			if err := o.own.openVault(c, cmd.ErrOrStderr()); err != nil {
				return err
			}
		}
		var out Out
		if err := o.give(cmd.Context(), name, in, &out); err != nil {
			return err
		}
		if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(out)
		}
		fmt.Fprintln(cmd.OutOrStdout(), say(out))
		return nil
	}
}
