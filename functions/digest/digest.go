// Answers the digests of the request's body as JSON.
package main

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	md5, sha1, sha256, sha512 := md5.New(), sha1.New(), sha256.New(), sha512.New()
	count, err := io.Copy(io.MultiWriter(md5, sha1, sha256, sha512), os.Stdin)
	if err != nil {
		log.Printf("reading the body: %v", err)
		fmt.Print("Status: 500\nContent-Type: text/plain\n\nthe body could not be read\n")
		return
	}
	log.Printf("%d bytes", count)
	fmt.Print("Content-Type: application/json\n\n")
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"bytes":  count,
		"md5":    hex.EncodeToString(md5.Sum(nil)),
		"sha1":   hex.EncodeToString(sha1.Sum(nil)),
		"sha256": hex.EncodeToString(sha256.Sum(nil)),
		"sha512": hex.EncodeToString(sha512.Sum(nil)),
	})
}
