// A small WeChat adapter for AIOS: JSON-RPC lines on stdin and stdout, HTTP to WeChat.
//
// It forwards the texts of people who are admitted, and brings AIOS's answers to them. README.md
// says how to judge it and what to add next.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

type object = map[string]any

// refused is a request that is answered with an error.
type refused struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    object `json:"data,omitempty"`
}

func (r *refused) Error() string { return r.Message }

func invalid(pointer, message string) *refused {
	return &refused{-32602, message, object{"pointer": pointer, "message": message}}
}

// frame is a line in either direction. Its id is kept as it was written.
type frame struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  any             `json:"result,omitempty"`
	Error   *refused        `json:"error,omitempty"`
}

type setup struct {
	Integration struct {
		ChannelID   string `json:"channel_id"`
		ChannelType string `json:"channel_type"`
		Target      string `json:"target"`
		Enabled     *bool  `json:"enabled"`
		Auth        *auth  `json:"auth"`
		Config      *struct {
			CursorKey     string `json:"cursor_key"`
			TransportMode string `json:"transport_mode"`
		} `json:"config"`
		Route *struct {
			WorkspaceID string `json:"workspace_id"`
			AgentID     string `json:"agent_id"`
		} `json:"route"`
		Policy policy `json:"policy"`
	} `json:"integration"`
	Secrets map[string]struct {
		Token string `json:"token"`
		BotID string `json:"bot_id"`
	} `json:"secrets"`
	Transport struct {
		BaseURL string `json:"base_url"`
	} `json:"transport"`
	StateDir string `json:"state_dir"`
}

type auth struct {
	OwnerUserID   string   `json:"owner_user_id,omitempty"`
	Allowlist     []string `json:"allowlist,omitempty"`
	CredentialRef string   `json:"credential_ref"`
}

type policy struct {
	OwnerOnly       bool `json:"owner_only"`
	PairingRequired bool `json:"pairing_required"`
	DedupWindowSec  int  `json:"dedup_window_sec"`
}

type message struct {
	MessageID    json.Number `json:"message_id"` // 64 bits: as text
	FromUserID   string      `json:"from_user_id"`
	CreateTimeMs int64       `json:"create_time_ms"`
	MessageType  int         `json:"message_type"`
	MessageState int         `json:"message_state"`
	DeleteTimeMs int64       `json:"delete_time_ms"`
	ContextToken string      `json:"context_token"`
	ItemList     []struct {
		Type     int `json:"type"`
		TextItem struct {
			Text string `json:"text"`
		} `json:"text_item"`
	} `json:"item_list"`
}

type adapter struct {
	mu       sync.Mutex
	batch    sync.Mutex // held while a batch is on its way to AIOS
	phase    string     // fresh, greeted, started, stopped
	health   string
	seq      int
	stream   string
	setup    setup
	token    string
	bot      string
	replies  map[string]chan *refused // what AIOS says to our events, by request id
	contexts map[string]string        // the context token that each message came with
	out      *json.Encoder            // ends each message with a newline
	life     context.Context          // of a started channel; a poll that is held ends with it
	end      context.CancelFunc
}

func (a *adapter) write(f frame) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f.JSONRPC = "2.0"
	if err := a.out.Encode(f); err != nil {
		os.Exit(1)
	}
}

func (a *adapter) answer(request frame) {
	result, err := a.call(request.Method, request.Params)
	if err == nil {
		a.write(frame{ID: request.ID, Result: result})
		return
	}
	var refusal *refused
	if !errors.As(err, &refusal) {
		refusal = invalid("", "a member is of the wrong type")
	}
	a.write(frame{ID: request.ID, Error: refusal})
}

func (a *adapter) is(phase string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.phase == phase
}

func (a *adapter) become(phase, health string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.phase, a.health = phase, health
}

// feel notes how the channel is while it runs.
func (a *adapter) feel(health string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.phase == "started" {
		a.health = health
	}
}

// --- what AIOS asks ---

func (a *adapter) call(method string, params json.RawMessage) (any, error) {
	switch method {
	case "initialize", "start", "act", "health", "audit", "stop":
	default:
		return nil, &refused{Code: -32601, Message: "no such method"}
	}
	needsStart := method == "act" || method == "audit"
	if method != "initialize" && a.is("fresh") || needsStart && !a.is("started") {
		return nil, &refused{Code: -32004, Message: "not started"}
	}
	switch method {
	case "initialize":
		return a.initialize(params)
	case "start":
		return a.start(params)
	case "act":
		return a.act(params)
	case "audit":
		policy := a.setup.Integration.Policy
		return object{"auth": a.setup.Integration.Auth, "policy": policy}, nil
	case "stop":
		if a.is("started") {
			a.become("stopped", "stopped")
			a.end()
		}
		return object{}, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return object{"health": a.health, "recent_errors": []any{}}, nil
}

func (a *adapter) initialize(params json.RawMessage) (any, error) {
	var asked struct {
		ProtocolVersion int `json:"protocol_version"`
	}
	if err := json.Unmarshal(params, &asked); err != nil || asked.ProtocolVersion != 1 {
		return nil, &refused{-32005, "only version 1 is spoken", object{"supported": []int{1}}}
	}
	if a.is("fresh") {
		a.become("greeted", "stopped")
	}
	return object{"protocol_version": 1, "capabilities": object{
		"adapter_id": "my-adapter", "adapter_version": "0.1.0", "supported_targets": []string{"wechat"},
		"supported_features": []string{"message"}, "health": "stopped",
	}}, nil
}

func (a *adapter) start(params json.RawMessage) (any, error) {
	if !a.is("greeted") {
		return nil, &refused{Code: -32003, Message: "already started"}
	}
	var s setup
	s.Integration.Policy.DedupWindowSec = 3600
	if err := json.Unmarshal(params, &s); err != nil {
		return nil, err
	}
	document := &s.Integration
	switch {
	case document.ChannelID == "", document.ChannelType == "", document.Target == "", document.Enabled == nil,
		document.Auth == nil, document.Config == nil, document.Route == nil:
		return nil, invalid("/integration", "a member is missing")
	case document.Route.WorkspaceID == "", document.Route.AgentID == "":
		return nil, invalid("/integration/route", "a member is missing")
	case document.Config.TransportMode != "" && document.Config.TransportMode != "polling":
		return nil, invalid("/integration/config/transport_mode", "v0 only polls")
	case document.Policy.PairingRequired:
		return nil, invalid("/integration/policy/pairing_required", "not supported")
	}
	account, known := s.Secrets[document.Auth.CredentialRef]
	if !known {
		return nil, invalid("/integration/auth/credential_ref", "no such secret")
	}
	a.setup, a.token, a.bot = s, account.Token, account.BotID
	a.life, a.end = context.WithCancel(context.Background())
	if !*document.Enabled {
		a.become("started", "stopped")
		return object{}, nil
	}
	a.become("started", "healthy")
	onTheWire := make(chan struct{})
	go a.poll(sync.OnceFunc(func() { close(onTheWire) }))
	<-onTheWire
	return object{}, nil
}

func (a *adapter) act(params json.RawMessage) (any, error) {
	var action struct {
		EventType     string `json:"event_type"`
		MessageID     string `json:"message_id"`
		CorrelationID string `json:"correlation_id"`
		Payload       struct {
			Recipient string `json:"recipient"`
			Text      string `json:"text"`
			ReplyTo   string `json:"reply_to"`
		} `json:"payload"`
	}
	if err := json.Unmarshal(params, &action); err != nil {
		return nil, err
	}
	receipt := func(status, code string, sent, total int, ids ...string) (any, error) {
		receipt := object{
			"message_id": action.MessageID, "correlation_id": action.CorrelationID, "status_code": status,
			"chunks_sent": sent, "chunks_total": total, "wechat_message_ids": append([]string{}, ids...),
		}
		if code != "" {
			receipt["error_code"] = code
		}
		return receipt, nil
	}
	a.mu.Lock()
	contextToken := a.contexts[action.Payload.ReplyTo]
	a.mu.Unlock()
	switch {
	case action.EventType != "message" && action.EventType != "error":
		return receipt("rejected", "unsupported", 0, 0)
	case !a.admits(action.Payload.Recipient):
		return receipt("rejected", "access_denied", 0, 0)
	case contextToken == "":
		return receipt("rejected", "context_unavailable", 0, 0)
	}
	var answer struct {
		Ret       int         `json:"ret"`
		Errcode   int         `json:"errcode"`
		MessageID json.Number `json:"message_id"`
	}
	err := a.wechat(context.Background(), "sendmessage", object{"msg": object{
		"to_user_id": action.Payload.Recipient, "client_id": digest(action.MessageID), "message_type": 2,
		"message_state": 2, "context_token": contextToken,
		"item_list": []object{{"type": 1, "text_item": object{"text": action.Payload.Text}}},
	}}, &answer, func() {})
	switch {
	case err != nil:
		return receipt("unreachable", "connect_failed", 0, 1)
	case answer.Ret != 0 || answer.Errcode != 0: // either alone is a refusal
		return receipt("rejected", "wechat_error", 0, 1)
	}
	return receipt("delivered", "", 1, 1, answer.MessageID.String())
}

// --- what WeChat brings ---

// client knows no proxy, whatever the environment says.
var client = http.Client{Timeout: time.Minute, Transport: &http.Transport{Proxy: nil}}

func (a *adapter) wechat(life context.Context, name string, body, answer any, onTheWire func()) error {
	document, err := json.Marshal(body)
	if err != nil {
		return err
	}
	url := a.setup.Transport.BaseURL + "/ilink/bot/" + name
	request, err := http.NewRequestWithContext(life, "POST", url, bytes.NewReader(document))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+a.token)
	trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { onTheWire() }}
	response, err := client.Do(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

func (a *adapter) poll(onTheWire func()) {
	position := filepath.Join(a.setup.StateDir, a.setup.Integration.Config.CursorKey)
	stored, _ := os.ReadFile(position) // there is none at first
	cursor := string(stored)
	for a.is("started") {
		var answer struct {
			Ret           int       `json:"ret"`
			Errcode       int       `json:"errcode"`
			Msgs          []message `json:"msgs"`
			GetUpdatesBuf string    `json:"get_updates_buf"`
		}
		err := a.wechat(a.life, "getupdates", object{"get_updates_buf": cursor}, &answer, onTheWire)
		if err != nil || answer.Ret != 0 || answer.Errcode != 0 {
			a.feel("degraded")
			onTheWire()
			time.Sleep(time.Second)
			continue
		}
		a.feel("healthy")
		if a.settle(answer.Msgs, position, answer.GetUpdatesBuf) {
			cursor = answer.GetUpdatesBuf
		}
	}
}

// settle moves the position once AIOS has settled the whole batch.
func (a *adapter) settle(batch []message, position, cursor string) bool {
	a.batch.Lock()
	defer a.batch.Unlock()
	for _, m := range batch {
		said := m.MessageType == 1 && m.MessageState != 1 && m.DeleteTimeMs == 0
		if said && !a.forward(m) {
			return false
		}
	}
	if err := os.WriteFile(position, []byte(cursor), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, "the position cannot be kept")
	}
	return true
}

func (a *adapter) forward(m message) bool {
	id, payload := m.MessageID.String(), object{"sender": m.FromUserID}
	kind, status := "status", "unsupported"
	switch {
	case !a.admits(m.FromUserID):
		status = "access_denied"
	case len(m.ItemList) == 1 && m.ItemList[0].Type == 1:
		kind, status = "message", "forwarded"
		payload["origin"], payload["text"] = "text", m.ItemList[0].TextItem.Text
		a.mu.Lock()
		a.contexts[id] = m.ContextToken
		a.mu.Unlock()
	}
	at := time.Now()
	if m.CreateTimeMs > 0 {
		at = time.UnixMilli(m.CreateTimeMs)
	}
	return a.send(object{
		"event_type": kind, "status_code": status, "payload": payload, "message_id": id,
		"session_id": "s-" + digest(a.bot, m.FromUserID), "dedup_key": digest(m.FromUserID, id),
		"timestamp": at.UTC().Format("2006-01-02T15:04:05.000Z"),
	})
}

func (a *adapter) send(event object) bool {
	a.seq++
	event["channel_type"], event["target"] = "dialog", "wechat"
	event["workspace_id"] = a.setup.Integration.Route.WorkspaceID
	event["agent_id"] = a.setup.Integration.Route.AgentID
	event["stream_id"], event["seq"], event["correlation_id"] = a.stream, a.seq, unique()
	for retry := 1; a.is("started"); retry++ {
		id, _ := json.Marshal(unique())
		params, _ := json.Marshal(event)
		reply := make(chan *refused, 1)
		a.mu.Lock()
		a.replies[string(id)] = reply
		a.mu.Unlock()
		a.write(frame{ID: id, Method: "event", Params: params})
		refusal := <-reply
		if refusal == nil || refusal.Code != -32002 {
			return true // settled: accepted, known already, or refused for good
		}
		pause, _ := refusal.Data["retry_after_ms"].(float64)
		time.Sleep(time.Duration(pause) * time.Millisecond)
		event["retry_count"] = retry
	}
	return false
}

func (a *adapter) admits(person string) bool {
	auth := a.setup.Integration.Auth
	friend := !a.setup.Integration.Policy.OwnerOnly && slices.Contains(auth.Allowlist, person)
	return person != "" && person == auth.OwnerUserID || friend
}

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:12])
}

func unique() string {
	var bytes [12]byte
	rand.Read(bytes[:])
	return hex.EncodeToString(bytes[:])
}

func main() {
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	a := &adapter{
		phase: "fresh", health: "stopped", stream: "st-" + unique(), out: out,
		replies: map[string]chan *refused{}, contexts: map[string]string{},
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20+1)
	for lines.Scan() {
		var f frame
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
			a.write(frame{Error: &refused{Code: -32700, Message: "not JSON"}})
			continue
		}
		switch {
		case f.Method == "act": // sending takes time, and must not hold up the next line
			go a.answer(f)
		case f.Method != "":
			a.answer(f)
		default:
			a.mu.Lock()
			reply := a.replies[string(f.ID)]
			delete(a.replies, string(f.ID))
			a.mu.Unlock()
			if reply != nil {
				reply <- f.Error
			}
		}
	}
	// stdin has ended; a poll that is held ends with the process. What AIOS has just taken shall not be
	// sent again after a restart.
	settled := make(chan struct{})
	go func() {
		a.batch.Lock()
		close(settled)
	}()
	select {
	case <-settled:
	case <-time.After(time.Second):
	}
}
