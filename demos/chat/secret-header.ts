// By what the chat's process knows that a request comes from the site: the header that has their secret.
export const SECRET_HEADER = "x-openline-chat";
