package walletv1

import (
	"encoding/json"
	"net/http"

	"purse"
	"purse/api"
)

// MetadataPath is where programs look for what the network's OAuth can do (RFC
// 8414). It is the one path of the door that is not below /v1/.
const MetadataPath = "/.well-known/oauth-authorization-server"

// metadata is the answer there.
type metadata struct {
	Issuer                string        `json:"issuer"`
	AuthorizationEndpoint string        `json:"authorization_endpoint"`
	TokenEndpoint         string        `json:"token_endpoint"`
	RevocationEndpoint    string        `json:"revocation_endpoint"`
	Scopes                []purse.Scope `json:"scopes_supported"`
	ResponseTypes         []string      `json:"response_types_supported"`
	ResponseModes         []string      `json:"response_modes_supported"`
	GrantTypes            []string      `json:"grant_types_supported"`
	TokenAuth             []string      `json:"token_endpoint_auth_methods_supported"`
	RevocationAuth        []string      `json:"revocation_endpoint_auth_methods_supported"`
	Challenges            []string      `json:"code_challenge_methods_supported"`
	SaysIssuer            bool          `json:"authorization_response_iss_parameter_supported"`
}

// metadata answers GET /.well-known/oauth-authorization-server.
func (d *Door) metadata(w http.ResponseWriter, r *http.Request) error {
	if err := d.Rates.Allow(r, ""); err != nil {
		return err
	}
	auth := []string{"client_secret_basic", "client_secret_post", "none"}
	b, err := json.Marshal(metadata{
		Issuer:                d.PublicURL,
		AuthorizationEndpoint: d.PublicURL + "/v1/oauth/authorize",
		TokenEndpoint:         d.PublicURL + "/v1/oauth/access_token",
		RevocationEndpoint:    d.PublicURL + "/v1/oauth/revoke",
		Scopes:                purse.AllScopes,
		ResponseTypes:         []string{"code", "token"},
		ResponseModes:         []string{"query"},
		GrantTypes:            []string{grantCode, grantRefresh, "implicit"},
		TokenAuth:             auth,
		RevocationAuth:        auth,
		Challenges:            []string{"S256"},
		SaysIssuer:            true,
	})
	if err != nil {
		return err
	}
	return api.WriteJSON(w, http.StatusOK, string(b))
}
