"""Questions to DNS servers, their answers, and the judgement whether that is what was published."""

import dns._features

# Our names are ASCII. Without this, dnspython looks through all installed packages for a library
# that writes others in Unicode, and reads its description.
dns._features.force("idna", False)
