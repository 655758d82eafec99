// Prints each request that net/http served as a line of JSON: port of the client, method, target, body, the header x-m;
// latin1. Its own HTTP/2 without TLS takes it from the first byte; `x/net` is the handler that many programs have
// instead, which also takes an upgrade, and the preface where a request may stand.
package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
)

type record struct {
	Port   int     `json:"port"`
	Method string  `json:"method"`
	Target string  `json:"target"`
	Body   *string `json:"body"`
	Field  string  `json:"field"`
}

func latin1(bytes []byte) string {
	runes := make([]rune, len(bytes))
	for i, b := range bytes {
		runes[i] = rune(b)
	}
	return string(runes)
}

func main() {
	var mutex sync.Mutex
	lines := json.NewEncoder(os.Stdout)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bytes, err := io.ReadAll(r.Body)
		var body *string
		if err == nil {
			text := latin1(bytes)
			body = &text
		}
		_, port, _ := net.SplitHostPort(r.RemoteAddr)
		number, _ := strconv.Atoi(port)
		mutex.Lock()
		_ = lines.Encode(record{number, r.Method, latin1([]byte(r.RequestURI)), body, latin1([]byte(strings.Join(r.Header.Values("X-M"), ",")))})
		mutex.Unlock()
		_, _ = w.Write([]byte("ok"))
	})
	server := &http.Server{Addr: "127.0.0.1:" + os.Args[1], Handler: handler}
	if os.Args[2] == "x/net" {
		server.Handler = h2c.NewHandler(handler, &http2.Server{})
	} else {
		server.Protocols = new(http.Protocols)
		server.Protocols.SetHTTP1(true)
		server.Protocols.SetUnencryptedHTTP2(true)
	}
	if err := server.ListenAndServe(); err != nil {
		panic(err)
	}
}
