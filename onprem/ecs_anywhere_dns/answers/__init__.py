"""Questions to DNS servers, their answers, and the judgement whether that is what was published."""
