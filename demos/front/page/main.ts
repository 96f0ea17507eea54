document.documentElement.dataset["script"] = "here";
