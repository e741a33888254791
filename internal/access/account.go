package access

// AccountID is an account number of twelve digits.
type AccountID string

// ParseAccountID reads an account number, such as the value of the header x-amz-account-id.
func ParseAccountID(s string) (AccountID, error) {
	if !isAccount(s) {
		return "", refuse(BadAccount, "AccountId must be 12 digits")
	}
	return AccountID(s), nil
}

func isAccount(s string) bool {
	if len(s) != 12 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
