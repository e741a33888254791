package upstreams

import "strconv"

// Single is the settings of one upstream as flags have them. The rest is as in a file that does not say more. If
// neither File nor Environment is set, the keys are those of AWS's chain.
type Single struct {
	Name, Region, Addressing   string
	Endpoints                  []string
	File, Profile, Environment string
	CAFile                     string
	Flat                       bool
	NewBuckets                 bool // CreateBucket makes buckets in the upstream
}

// Config checks the settings as Load checks a file. File names are relative to the working folder.
func (s *Single) Config() (*Config, error) {
	given := func(text string) value {
		if text == "" {
			return value{}
		}
		return value{text: text, line: 1}
	}
	f := fileUpstream{
		Name: given(s.Name), Region: given(s.Region), Addressing: given(s.Addressing),
		Flat: given(strconv.FormatBool(s.Flat)), TLS: fileTLS{CAFile: given(s.CAFile)},
		Keys: &fileKeys{File: given(s.File), Environment: given(s.Environment)},
	}
	switch {
	case s.File != "":
		f.Keys.Profile = given(s.Profile)
	case s.Environment == "":
		f.Keys.Chain = given("true")
	}
	for _, e := range s.Endpoints {
		f.Endpoint = append(f.Endpoint, given(e))
	}
	file := fileConfig{Upstreams: []fileUpstream{f}}
	if s.NewBuckets {
		file.NewBuckets = given(s.Name)
	}
	r := &reader{}
	c := r.config(&file)
	if r.err != nil {
		return nil, r.err
	}
	return c, nil
}
